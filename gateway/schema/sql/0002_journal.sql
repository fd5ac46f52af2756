-- The journal: who is contacted, what is known of them, and every attempt. Audit (0001) is below it.
-- The application role may read these tables and call the functions of 0003; it can write nothing directly.
--
-- The tables that every contact grows (borrower_key, event, contact, attempt) have no foreign keys: the functions write
-- only rows that they have just made or locked, append_chosen refuses a creditor without a log, nothing here is ever
-- deleted, and a check a row cost a tenth of acceptance and a lock on the creditor that all writers share.

CREATE TABLE creditor (
  id         text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  name       text NOT NULL,
  log_id     int NOT NULL REFERENCES audit_log (id),
  tenant_key bytea NOT NULL,                       -- wrapped by the master key; useless without its file
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  id           text PRIMARY KEY,
  secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
  subject      text NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('person', 'machine')),
  creditors    text[] NOT NULL,
  actions      text[] NOT NULL,
  namespace    text,                               -- where borrower ids live; null: each creditor is its own
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);

-- Rules and texts as loaded, whole, so that every decision's hash can be opened years later.
CREATE TABLE policy (
  hash      bytea PRIMARY KEY CHECK (length(hash) = 32),
  documents jsonb NOT NULL,                        -- {"packs": {name: text}, "templates": {name: text}}
  tzdb      text NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now(),
  loaded_by text NOT NULL
);
CREATE TABLE policy_active (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  hash  bytea NOT NULL REFERENCES policy (hash),
  since timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE template (
  hash      bytea PRIMARY KEY CHECK (length(hash) = 32),
  file      text NOT NULL,
  source    text NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now()
);

-- A person, known here only by tokens: `token` is keyed (namespace, the caller's id), `subject` is random and is the
-- only name of the person that the audit log ever sees.
CREATE TABLE borrower (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token      bytea NOT NULL UNIQUE CHECK (length(token) = 16),
  subject    uuid NOT NULL UNIQUE,
  namespace  text NOT NULL,
  version    bigint NOT NULL DEFAULT 1,            -- raised by trigger with every fact that `decide` can see
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE TABLE borrower_key (
  creditor    text NOT NULL,
  borrower_id bigint NOT NULL,
  version     smallint NOT NULL DEFAULT 1,
  wrapped     bytea NOT NULL,                      -- destroying this row erases the person towards this creditor
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (creditor, borrower_id)
);

-- An address is a blind index of a normalised number, mailbox or push token. STOP knows only this row.
CREATE TABLE address (
  token      bytea PRIMARY KEY CHECK (length(token) = 32),
  version    bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE TABLE suppression (
  id          uuid PRIMARY KEY,
  scope       text NOT NULL CHECK (scope IN ('address', 'channel', 'debt', 'all')),
  address     bytea REFERENCES address (token),
  borrower_id bigint REFERENCES borrower (id),
  channel     text CHECK (channel IN ('sms', 'voice', 'email', 'push')),
  debt        bytea CHECK (length(debt) = 16),
  creditor    text REFERENCES creditor (id),       -- null binds every creditor
  source      text NOT NULL,
  evidence    text,                                -- a reference into the caller's own files, never the document
  since       timestamptz NOT NULL,
  lifted_at   timestamptz,
  CHECK ((scope = 'address') = (address IS NOT NULL)),
  CHECK ((scope = 'address') = (borrower_id IS NULL)),
  CHECK ((scope = 'debt') = (debt IS NOT NULL)),
  CHECK (scope <> 'channel' OR channel IS NOT NULL)
);
CREATE INDEX suppression_address ON suppression (address) WHERE address IS NOT NULL;
CREATE INDEX suppression_borrower ON suppression (borrower_id) WHERE borrower_id IS NOT NULL;

CREATE TABLE restriction (
  id          uuid PRIMARY KEY,
  borrower_id bigint NOT NULL REFERENCES borrower (id),
  kind        text NOT NULL,
  creditor    text REFERENCES creditor (id),       -- null binds every creditor
  recorded_by text NOT NULL REFERENCES creditor (id),
  debt        bytea CHECK (length(debt) = 16),
  channel     text CHECK (channel IN ('sms', 'voice', 'email', 'push')),
  since       timestamptz NOT NULL,
  until       timestamptz,
  source      text NOT NULL,
  evidence    text,
  lifted_at   timestamptz
);
CREATE INDEX restriction_borrower ON restriction (borrower_id);

CREATE TABLE consent (
  id          uuid PRIMARY KEY,
  borrower_id bigint NOT NULL REFERENCES borrower (id),
  purpose     text NOT NULL,
  creditor    text NOT NULL REFERENCES creditor (id),
  channel     text CHECK (channel IN ('sms', 'voice', 'email', 'push')),
  address     bytea CHECK (length(address) = 32),
  since       timestamptz NOT NULL,
  until       timestamptz,
  source      text NOT NULL,
  wording     text,
  evidence    text,
  lifted_at   timestamptz
);
CREATE INDEX consent_borrower ON consent (borrower_id);

-- What was counted. `debts` is a run of 16-byte tokens, so that a group of rows travels as one flat array.
CREATE TABLE event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  borrower_id bigint NOT NULL,
  at          timestamptz NOT NULL,
  kind        text NOT NULL,
  channel     text NOT NULL CHECK (channel IN ('sms', 'voice', 'email', 'push', 'letter')),
  debts       bytea NOT NULL CHECK (length(debts) % 16 = 0),
  creditor    text NOT NULL,
  contact_id  uuid,
  attempt_id  uuid
);
CREATE INDEX event_borrower ON event (borrower_id, at);

CREATE TABLE contact (
  id          uuid PRIMARY KEY,
  creditor    text NOT NULL,
  borrower_id bigint NOT NULL,
  address     bytea NOT NULL,
  channel     text NOT NULL,
  state       text NOT NULL,
  priority    smallint NOT NULL,                   -- 0 legal, 1 high, 2 normal, 3 bulk
  due_at      timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  tries       smallint NOT NULL DEFAULT 0,
  debts       bytea NOT NULL,
  template    bytea NOT NULL,
  purpose     text NOT NULL,
  reference   text,
  api_key     text NOT NULL,
  request     bytea NOT NULL,                      -- the request, sealed under the borrower's key
  decision    bytea NOT NULL,                      -- as answered: tokens and rule ids, nothing of the person
  latest      bytea,                               -- decided again since, before it left or instead of leaving
  created_at  timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL,
  -- What the index of due contacts asks. Were it `state` itself, every change of state would write all four indexes.
  waiting     boolean NOT NULL GENERATED ALWAYS AS (state IN ('queued', 'scheduled')) STORED,
  CHECK (state IN ('queued', 'scheduled', 'denied', 'dispatching', 'sent', 'delivered', 'undelivered', 'failed',
                   'unknown', 'expired', 'cancelled'))
) WITH (fillfactor = 75);
ALTER TABLE contact ALTER request SET STORAGE EXTERNAL;  -- sealed bytes do not compress, and trying is dear
CREATE INDEX contact_due ON contact (channel, priority, due_at) WHERE waiting;
CREATE INDEX contact_borrower ON contact (borrower_id, id);
CREATE INDEX contact_reference ON contact (creditor, reference) WHERE reference IS NOT NULL;

CREATE TABLE attempt (
  id           uuid PRIMARY KEY,
  contact_id   uuid NOT NULL,
  creditor     text NOT NULL,
  borrower_id  bigint NOT NULL,
  address      bytea NOT NULL,
  account      text NOT NULL,
  state        text NOT NULL,
  permitted_at timestamptz NOT NULL,
  not_after    timestamptz NOT NULL,               -- the lease: nothing may leave later
  answer_by    timestamptz NOT NULL,               -- past this the sweep says unknown
  code         text,
  provider_id  text,
  payload      bytea NOT NULL,                     -- 32 random bytes and the payload, sealed; the leaf holds their hash
  changed_at   timestamptz NOT NULL,
  CHECK (state IN ('permitted', 'submitted', 'refused', 'not_sent', 'unknown', 'delivered', 'undelivered'))
) WITH (fillfactor = 75);
ALTER TABLE attempt ALTER payload SET STORAGE EXTERNAL;
CREATE INDEX attempt_live ON attempt (state, answer_by) WHERE state IN ('permitted', 'unknown');
CREATE INDEX attempt_contact ON attempt (contact_id);
CREATE INDEX attempt_address ON attempt (address, id);
CREATE INDEX attempt_provider ON attempt (account, provider_id) WHERE provider_id IS NOT NULL;

-- Receipts as they came: one may arrive before the answer to the send, twice, or for nobody.
CREATE TABLE receipt (
  account     text NOT NULL,
  event_id    text NOT NULL,
  provider_id text NOT NULL,
  attempt_id  uuid,                                -- null until matched
  status      text NOT NULL,
  code        text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (account, event_id)
);
CREATE INDEX receipt_unmatched ON receipt (account, provider_id) WHERE attempt_id IS NULL;

CREATE TABLE inbound (
  account    text NOT NULL,
  event_id   text NOT NULL,
  channel    text NOT NULL,
  address    bytea NOT NULL,
  contact_id uuid,                                 -- what it answers, where known
  meaning    text NOT NULL,
  sealed     bytea,                                -- the text, where a borrower's key exists to seal it under
  at         timestamptz NOT NULL,
  PRIMARY KEY (account, event_id)
);

CREATE TABLE idempotency (
  api_key    text NOT NULL,
  key        text NOT NULL,
  mac        bytea NOT NULL CHECK (length(mac) = 32),
  made       uuid NOT NULL,                        -- the contact (or event) that the first request made
  keep_until timestamptz NOT NULL,
  PRIMARY KEY (api_key, key)
);
CREATE INDEX idempotency_old ON idempotency (keep_until);

-- Versions. A fact that forgets to raise the version would let a permit pass on a stale decision, so it is the tables
-- that raise it, not the callers. Statement triggers: a group of a hundred costs one update.
CREATE FUNCTION raise_borrower_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE borrower SET version = version + 1
   WHERE id IN (SELECT borrower_id FROM changed WHERE borrower_id IS NOT NULL);
  RETURN NULL;
END $$;
CREATE FUNCTION raise_address_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE address SET version = version + 1
   WHERE token IN (SELECT address FROM changed WHERE address IS NOT NULL);
  RETURN NULL;
END $$;

-- An update looks at the rows before and after: a fact that is moved changes what is known of both.
DO $$
DECLARE t text; op text; rel text;
BEGIN
  FOR op, rel IN VALUES ('INSERT', 'NEW'), ('UPDATE', 'OLD'), ('UPDATE', 'NEW'), ('DELETE', 'OLD') LOOP
    FOREACH t IN ARRAY ARRAY['event', 'suppression', 'restriction', 'consent'] LOOP
      EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s TABLE AS changed FOR EACH STATEMENT '
                     'EXECUTE FUNCTION raise_borrower_version()', lower(t || '_borrower_' || op || '_' || rel), op, t, rel);
    END LOOP;
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON suppression REFERENCING %s TABLE AS changed FOR EACH STATEMENT '
                   'EXECUTE FUNCTION raise_address_version()', lower('suppression_address_' || op || '_' || rel), op, rel);
  END LOOP;
END $$;

GRANT SELECT ON creditor, policy, policy_active, template, borrower, borrower_key, address, suppression, restriction,
                consent, event, contact, attempt, receipt, inbound, idempotency, api_key TO forbear_app;
