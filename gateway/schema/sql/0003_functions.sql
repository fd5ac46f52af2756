-- Every write of the application is one of these functions: one autocommitted statement that changes the state and
-- writes the audit leaf that tells of it. Each begins by asking for its writer's sequence, so a statement whose commit
-- was lost on the wire can be sent again and answers what it answered before.
--
-- Lock order, the same in all of them: writer, idempotency keys, borrowers by id, addresses by token, contacts by id,
-- attempts by id, audit heads by log.
--
-- Codes are small integers, one per item; gateway/store/codes.py names them.

CREATE FUNCTION accept_contacts(
  p_writer text, p_epoch int, p_seq bigint,
  p_api_key text[], p_key text[], p_mac bytea[], p_keep timestamptz[],
  p_token bytea[], p_subject uuid[], p_namespace text[], p_creditor text[], p_wrapped bytea[],
  p_address bytea[], p_contact uuid[], p_channel text[], p_state text[], p_priority smallint[],
  p_due timestamptz[], p_expires timestamptz[], p_debts bytea[], p_template bytea[], p_purpose text[],
  p_reference text[], p_request bytea[], p_decision bytea[], p_at timestamptz[],
  p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  done smallint[] := writer_begin(p_writer, p_epoch, p_seq);
  fresh int[]; code smallint[]; ok int[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;

  -- A key taken by a statement in flight is waited for here: the second request of a pair hears the first one's answer.
  WITH won AS (
    INSERT INTO idempotency (api_key, key, mac, made, keep_until)
    SELECT a, k, m, c, t FROM unnest(p_api_key, p_key, p_mac, p_contact, p_keep) AS u (a, k, m, c, t) ORDER BY a, k
    ON CONFLICT DO NOTHING RETURNING made)
  SELECT coalesce(array_agg(n::int), '{}') INTO fresh
    FROM unnest(p_contact) WITH ORDINALITY AS u (c, n) JOIN won ON won.made = u.c;

  INSERT INTO borrower (token, subject, namespace)
  SELECT DISTINCT ON (t) t, s, ns
    FROM unnest(p_token, p_subject, p_namespace) WITH ORDINALITY AS u (t, s, ns, n)
   WHERE n = ANY (fresh) ORDER BY t, n
  ON CONFLICT (token) DO NOTHING;

  INSERT INTO borrower_key (creditor, borrower_id, wrapped)
  SELECT DISTINCT ON (b.id, u.c) u.c, b.id, u.w
    FROM unnest(p_token, p_subject, p_creditor, p_wrapped) WITH ORDINALITY AS u (t, s, c, w, n)
    JOIN borrower b ON b.token = u.t AND b.subject = u.s
   WHERE n = ANY (fresh) ORDER BY b.id, u.c, n
  ON CONFLICT (creditor, borrower_id) DO NOTHING;

  INSERT INTO address (token)
  SELECT DISTINCT t FROM unnest(p_address) WITH ORDINALITY AS u (t, n) WHERE n = ANY (fresh) ORDER BY t
  ON CONFLICT (token) DO NOTHING;

  -- 0 accepted; 1 the key was used before; 2 somebody else just made this borrower or key: seal again under theirs.
  SELECT array_agg((CASE WHEN NOT u.n = ANY (fresh) THEN 1 WHEN k.borrower_id IS NULL THEN 2 ELSE 0 END)::smallint
                   ORDER BY u.n) INTO code
    FROM unnest(p_token, p_subject, p_creditor, p_wrapped) WITH ORDINALITY AS u (t, s, c, w, n)
    LEFT JOIN borrower b ON b.token = u.t AND b.subject = u.s
    LEFT JOIN borrower_key k ON k.creditor = u.c AND k.borrower_id = b.id AND k.wrapped = u.w;

  DELETE FROM idempotency i
   USING unnest(p_api_key, p_key, code) AS u (a, k, v)
   WHERE v = 2 AND i.api_key = u.a AND i.key = u.k;

  INSERT INTO contact (id, creditor, borrower_id, address, channel, state, priority, due_at, expires_at, debts,
                       template, purpose, reference, api_key, request, decision, created_at, changed_at)
  SELECT c, cr, b.id, ad, ch, st, pr, du, ex, de, te, pu, re, ak, rq, dc, at, at
    FROM unnest(p_contact, p_creditor, p_token, p_address, p_channel, p_state, p_priority, p_due, p_expires, p_debts,
                p_template, p_purpose, p_reference, p_api_key, p_request, p_decision, p_at, code)
         AS u (c, cr, t, ad, ch, st, pr, du, ex, de, te, pu, re, ak, rq, dc, at, v)
    JOIN borrower b ON b.token = u.t
   WHERE v = 0;

  PERFORM append_chosen(p_creditor, p_at, p_kind, p_contact, p_body, code, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, code);
  RETURN code;
END $$;

-- Append the leaves of the items whose code is 0, each to its creditor's log ('' is the system log). A creditor that is
-- not there has no log, and the whole statement is refused.
CREATE FUNCTION append_chosen(
  p_creditor text[], p_at timestamptz[], p_kind text[], p_contact uuid[], p_body bytea[], p_code smallint[],
  p_writer text, p_epoch int, p_seq bigint
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE l int[]; a timestamptz[]; k text[]; c uuid[]; b bytea[];
BEGIN
  SELECT coalesce(array_agg(CASE WHEN u.cr = '' THEN 0 ELSE cr.log_id END ORDER BY n), '{}'),
         coalesce(array_agg(u.at ORDER BY n), '{}'),
         coalesce(array_agg(u.k ORDER BY n), '{}'), coalesce(array_agg(u.c ORDER BY n), '{}'),
         coalesce(array_agg(u.b ORDER BY n), '{}')
    INTO l, a, k, c, b
    FROM unnest(p_creditor, p_at, p_kind, p_contact, p_body, p_code) WITH ORDINALITY AS u (cr, at, k, c, b, v, n)
    LEFT JOIN creditor cr ON cr.id = u.cr
   WHERE v = 0;
  PERFORM audit_append(l, a, k, c, b, p_writer, p_epoch, p_seq);
END $$;

-- The permit: nothing that was decided on has changed, and nothing forbids. No lock outlives the statement.
-- 0 permitted; 1 facts changed; 2 no longer waiting; 3 another policy; 4 stopped; 5 too late; 6 clocks disagree;
-- 7 busy (somebody holds the row; decide again).
CREATE FUNCTION permit_contacts(
  p_writer text, p_epoch int, p_seq bigint, p_now timestamptz, p_skew interval, p_policy bytea[],
  p_contact uuid[], p_borrower bigint[], p_borrower_version bigint[], p_address bytea[], p_address_version bigint[],
  p_creditor text[], p_channel text[], p_template bytea[], p_debts bytea[], p_account text[],
  p_attempt uuid[], p_not_after timestamptz[], p_answer_by timestamptz[], p_payload bytea[], p_decision bytea[],
  p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  done smallint[] := writer_begin(p_writer, p_epoch, p_seq);
  active bytea; skewed boolean; code smallint[]; at timestamptz[];
  b_id bigint[]; b_version bigint[]; a_token bytea[]; a_version bigint[]; c_id uuid[]; c_state text[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  PERFORM stop_guard();

  -- Comparing a column of the locked row is safe; counting rows under the same lock would not be (the snapshot is older).
  SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(version), '{}') INTO b_id, b_version FROM
    (SELECT id, version FROM borrower WHERE id = ANY (p_borrower) ORDER BY id FOR UPDATE SKIP LOCKED) AS s;
  SELECT coalesce(array_agg(token), '{}'), coalesce(array_agg(version), '{}') INTO a_token, a_version FROM
    (SELECT token, version FROM address WHERE token = ANY (p_address) ORDER BY token FOR UPDATE SKIP LOCKED) AS s;
  SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(state), '{}') INTO c_id, c_state FROM
    (SELECT id, state FROM contact WHERE id = ANY (p_contact) ORDER BY id FOR UPDATE SKIP LOCKED) AS s;

  active := (SELECT hash FROM policy_active);
  skewed := clock_timestamp() - p_now > p_skew OR p_now - clock_timestamp() > p_skew;

  SELECT array_agg((CASE
      WHEN skewed THEN 6
      WHEN u.po IS DISTINCT FROM active THEN 3
      WHEN EXISTS (SELECT FROM stop_active f WHERE f.scope = 'all'
             OR (f.scope, f.value) IN (('creditor', u.cr), ('channel', u.ch), ('template', encode(u.te, 'hex')),
                                       ('account', u.ac))) THEN 4
      WHEN b.id IS NULL OR a.token IS NULL OR c.id IS NULL THEN 7
      WHEN c.state NOT IN ('queued', 'scheduled') THEN 2
      WHEN b.version <> u.bv OR a.version <> u.av THEN 1
      WHEN clock_timestamp() >= u.na THEN 5
      ELSE 0 END)::smallint ORDER BY u.n)
    INTO code
    FROM unnest(p_contact, p_borrower, p_borrower_version, p_address, p_address_version, p_creditor, p_channel,
                p_template, p_account, p_not_after, p_policy)
         WITH ORDINALITY AS u (co, bo, bv, ad, av, cr, ch, te, ac, na, po, n)
    LEFT JOIN unnest(b_id, b_version) AS b (id, version) ON b.id = u.bo
    LEFT JOIN unnest(a_token, a_version) AS a (token, version) ON a.token = u.ad
    LEFT JOIN unnest(c_id, c_state) AS c (id, state) ON c.id = u.co;

  UPDATE contact SET state = 'dispatching', tries = tries + 1, changed_at = p_now, latest = u.dc
    FROM unnest(p_contact, p_decision, code) AS u (co, dc, v) WHERE v = 0 AND id = u.co;
  INSERT INTO attempt (id, contact_id, creditor, borrower_id, address, account, state, permitted_at, not_after,
                       answer_by, payload, changed_at)
  SELECT att, co, cr, bo, ad, ac, 'permitted', p_now, na, ab, pa, p_now
    FROM unnest(p_attempt, p_contact, p_creditor, p_borrower, p_address, p_account, p_not_after, p_answer_by, p_payload,
                code) AS u (att, co, cr, bo, ad, ac, na, ab, pa, v)
   WHERE v = 0;
  INSERT INTO event (borrower_id, at, kind, channel, debts, creditor, contact_id, attempt_id)
  SELECT bo, p_now, 'attempt', ch, de, cr, co, att
    FROM unnest(p_borrower, p_channel, p_debts, p_creditor, p_contact, p_attempt, code) AS u (bo, ch, de, cr, co, att, v)
   WHERE v = 0;

  at := array_fill(p_now, ARRAY[cardinality(p_contact)]);
  PERFORM append_chosen(p_creditor, at, p_kind, p_contact, p_body, code, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, code);
  RETURN code;
END $$;

-- A waiting contact becomes something else without being sent: denied, scheduled for later, expired, cancelled.
-- 0 moved; 2 no longer waiting.
CREATE FUNCTION move_contacts(
  p_writer text, p_epoch int, p_seq bigint,
  p_contact uuid[], p_creditor text[], p_state text[], p_due timestamptz[], p_decision bytea[], p_at timestamptz[],
  p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq); code smallint[]; c_id uuid[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  SELECT coalesce(array_agg(id), '{}') INTO c_id FROM
    (SELECT id FROM contact WHERE id = ANY (p_contact) AND state IN ('queued', 'scheduled') ORDER BY id FOR UPDATE) AS s;
  -- Two callers may want the same contact moved in one statement: the first does it.
  SELECT array_agg((CASE WHEN u.co = ANY (c_id) AND u.turn = 1 THEN 0 ELSE 2 END)::smallint ORDER BY u.n) INTO code
    FROM (SELECT co, n, row_number() OVER (PARTITION BY co ORDER BY n) AS turn
            FROM unnest(p_contact) WITH ORDINALITY AS w (co, n)) AS u;
  UPDATE contact SET state = u.st, due_at = coalesce(u.du, due_at), latest = coalesce(u.dc, latest),
                     changed_at = u.at
    FROM unnest(p_contact, p_state, p_due, p_decision, p_at, code) AS u (co, st, du, dc, at, v)
   WHERE v = 0 AND id = u.co;
  PERFORM append_chosen(p_creditor, p_at, p_kind, p_contact, p_body, code, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, code);
  RETURN code;
END $$;

-- What became of attempts. `p_from` lists the states each may come from, as 'a,b' (gateway/attempt.py has the table).
-- A place in the caps is given back with `p_release`. 0 recorded; 2 settled otherwise before;
-- 3 recorded, and receipts that came earlier wait to be joined.
CREATE FUNCTION settle_attempts(
  p_writer text, p_epoch int, p_seq bigint,
  p_attempt uuid[], p_from text[], p_state text[], p_contact_state text[], p_due timestamptz[], p_release boolean[],
  p_code text[], p_provider_id text[], p_at timestamptz[],
  p_contact uuid[], p_creditor text[], p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq); v_code smallint[]; t_id uuid[]; t_state text[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  -- Releasing a place touches the borrower's version by trigger: take the borrowers first, in the one order.
  PERFORM 1 FROM borrower WHERE id IN
    (SELECT a.borrower_id FROM attempt a JOIN unnest(p_attempt, p_release) AS u (att, r) ON a.id = u.att WHERE r)
    ORDER BY id FOR UPDATE;
  PERFORM 1 FROM contact WHERE id = ANY (p_contact) ORDER BY id FOR UPDATE;
  SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(state), '{}') INTO t_id, t_state FROM
    (SELECT id, state FROM attempt WHERE id = ANY (p_attempt) ORDER BY id FOR UPDATE) AS s;
  -- The sweep's "unknown" and the answer itself may meet in one statement: the answer is worth more.
  SELECT array_agg((CASE WHEN t.state = ANY (string_to_array(u.fr, ',')) AND u.turn = 1 THEN 0 ELSE 2 END)::smallint
                   ORDER BY u.n)
    INTO v_code
    FROM (SELECT att, fr, n, row_number() OVER (PARTITION BY att ORDER BY st = 'unknown', n) AS turn
            FROM unnest(p_attempt, p_from, p_state) WITH ORDINALITY AS w (att, fr, st, n)) AS u
    LEFT JOIN unnest(t_id, t_state) AS t (id, state) ON t.id = u.att;

  -- The provider's id is worth keeping even where the state was settled by an earlier receipt.
  UPDATE attempt SET state = CASE WHEN v = 0 THEN u.st ELSE state END,
                     code = CASE WHEN v = 0 THEN u.cd ELSE attempt.code END,
                     provider_id = coalesce(provider_id, u.pid), changed_at = u.at
    FROM unnest(p_attempt, p_state, p_code, p_provider_id, p_at, v_code) AS u (att, st, cd, pid, at, v)
   WHERE id = u.att AND (v = 0 OR (provider_id IS NULL AND u.pid IS NOT NULL));
  UPDATE contact SET state = u.cs, due_at = coalesce(u.du, due_at), changed_at = u.at
    FROM unnest(p_contact, p_contact_state, p_due, p_at, v_code) AS u (co, cs, du, at, v)
   WHERE v = 0 AND id = u.co AND u.cs IS NOT NULL;
  DELETE FROM event USING unnest(p_attempt, p_release, v_code) AS u (att, r, v)
   WHERE v = 0 AND r AND event.attempt_id = u.att
     AND event.borrower_id = (SELECT a.borrower_id FROM attempt a WHERE a.id = u.att);

  PERFORM append_chosen(p_creditor, p_at, p_kind, p_contact, p_body, v_code, p_writer, p_epoch, p_seq);
  SELECT array_agg((CASE WHEN v = 0 AND EXISTS (
      SELECT FROM receipt r JOIN attempt a ON a.account = r.account AND a.provider_id = r.provider_id
       WHERE a.id = u.att AND r.attempt_id IS NULL) THEN 3 ELSE v END)::smallint ORDER BY n)
    INTO v_code FROM unnest(p_attempt, v_code) WITH ORDINALITY AS u (att, v, n);
  PERFORM writer_end(p_writer, p_epoch, p_seq, v_code);
  RETURN v_code;
END $$;

-- Receipts, each once. 0 recorded and applied; 1 seen before; 2 recorded, and it changes nothing;
-- 4 kept for later: it names no attempt we know yet; 5 not recorded: the attempt has moved on since it was looked at,
-- look again (what a leaf says must be what happened).
CREATE FUNCTION record_receipts(
  p_writer text, p_epoch int, p_seq bigint,
  p_account text[], p_event_id text[], p_provider_id text[], p_status text[], p_code text[], p_at timestamptz[],
  p_attempt uuid[], p_from text[], p_state text[], p_contact uuid[], p_contact_was text[],
  p_contact_state text[],
  p_creditor text[], p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq);
        v_code smallint[]; leaf smallint[]; fresh int[]; moved_on boolean[]; t_id uuid[]; t_state text[];
        c_id uuid[]; c_state text[]; again uuid[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  -- Taking a place again touches the borrower's version by trigger: the borrowers come first, in the one order.
  PERFORM 1 FROM borrower WHERE id IN
    (SELECT a.borrower_id FROM attempt a JOIN unnest(p_attempt, p_state) AS u (att, st) ON a.id = u.att
      WHERE st = 'delivered' AND a.state IN ('refused', 'not_sent')) ORDER BY id FOR UPDATE;
  SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(state), '{}') INTO c_id, c_state FROM
    (SELECT id, state FROM contact WHERE id = ANY (p_contact) ORDER BY id FOR UPDATE) AS s;
  SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(state), '{}') INTO t_id, t_state FROM
    (SELECT id, state FROM attempt WHERE id = ANY (p_attempt) ORDER BY id FOR UPDATE) AS s;
  -- Several receipts of one attempt in one statement: the first may change its state, the others look again.
  SELECT array_agg(u.att IS NOT NULL AND u.st IS NOT NULL
                   AND (u.turn > 1 OR NOT coalesce(t.state = ANY (string_to_array(u.fr, ',')), false)
                        OR c.state IS DISTINCT FROM u.was) ORDER BY u.n)
    INTO moved_on
    FROM (SELECT att, fr, st, co, was, n, row_number() OVER (PARTITION BY co, st IS NULL ORDER BY n) AS turn
            FROM unnest(p_attempt, p_from, p_state, p_contact, p_contact_was)
                 WITH ORDINALITY AS w (att, fr, st, co, was, n)) AS u
    LEFT JOIN unnest(t_id, t_state) AS t (id, state) ON t.id = u.att
    LEFT JOIN unnest(c_id, c_state) AS c (id, state) ON c.id = u.co;

  -- A receipt kept without its attempt is taken up again when the attempt turns up: that is not "seen before".
  WITH won AS (
    INSERT INTO receipt (account, event_id, provider_id, attempt_id, status, code, at)
    SELECT DISTINCT ON (ac, ev) ac, ev, pid, att, st, cd, at
      FROM unnest(p_account, p_event_id, p_provider_id, p_attempt, p_status, p_code, p_at, moved_on)
           WITH ORDINALITY AS u (ac, ev, pid, att, st, cd, at, mo, n)
     WHERE NOT mo ORDER BY ac, ev, n
    ON CONFLICT (account, event_id) DO UPDATE SET attempt_id = EXCLUDED.attempt_id
      WHERE receipt.attempt_id IS NULL AND EXCLUDED.attempt_id IS NOT NULL
    RETURNING account, event_id)
  SELECT coalesce(array_agg(n), '{}') INTO fresh FROM (
    SELECT min(n)::int AS n
      FROM unnest(p_account, p_event_id, moved_on) WITH ORDINALITY AS u (ac, ev, mo, n)
      JOIN won ON won.account = u.ac AND won.event_id = u.ev
     WHERE NOT mo GROUP BY u.ac, u.ev) AS s;

  SELECT array_agg((CASE
      WHEN u.mo THEN 5
      WHEN NOT u.n = ANY (fresh) THEN 1
      WHEN u.att IS NULL THEN 4
      WHEN u.st IS NULL THEN 2
      ELSE 0 END)::smallint ORDER BY u.n)
    INTO v_code
    FROM unnest(p_attempt, p_state, moved_on) WITH ORDINALITY AS u (att, st, mo, n);

  UPDATE attempt SET state = u.st, code = u.cd, provider_id = coalesce(provider_id, u.pid), changed_at = u.at
    FROM unnest(p_attempt, p_state, p_code, p_provider_id, p_at, v_code) AS u (att, st, cd, pid, at, v)
   WHERE v = 0 AND id = u.att;
  UPDATE contact SET state = u.cs, changed_at = u.at
    FROM unnest(p_contact, p_contact_state, p_at, v_code) AS u (co, cs, at, v)
   WHERE v = 0 AND id = u.co AND u.cs IS NOT NULL;
  -- The person was reached by a try whose place had been given back: it counts, as of then.
  SELECT coalesce(array_agg(u.att), '{}') INTO again
    FROM unnest(p_attempt, v_code) AS u (att, v) JOIN unnest(t_id, t_state) AS t (id, state) ON t.id = u.att
   WHERE v = 0 AND t.state IN ('refused', 'not_sent');
  INSERT INTO event (borrower_id, at, kind, channel, debts, creditor, contact_id, attempt_id)
  SELECT a.borrower_id, a.permitted_at, 'attempt', c.channel, c.debts, a.creditor, a.contact_id, a.id
    FROM attempt a JOIN contact c ON c.id = a.contact_id WHERE a.id = ANY (again);
  SELECT array_agg((CASE WHEN v IN (0, 2) THEN 0 ELSE 1 END)::smallint ORDER BY n) INTO leaf
    FROM unnest(v_code) WITH ORDINALITY AS u (v, n);
  PERFORM append_chosen(p_creditor, p_at, p_kind, p_contact, p_body, leaf, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, v_code);
  RETURN v_code;
END $$;

-- STOP knows an address, not a person. After this commit no permit can be given for it; the caller then waits for
-- those given before. `p_answered` is the address of the message that is answered, where that is another: who answers
-- from a second mailbox means the first as well. 0 taken; 1 this inbound message was taken before. Ids are the provider's,
-- so a STOP under one that was seen still closes what is open: a repeat finds nothing to do.
CREATE FUNCTION take_inbound(
  p_writer text, p_epoch int, p_seq bigint,
  p_account text, p_event_id text, p_channel text, p_address bytea, p_answered bytea, p_contact uuid, p_meaning text,
  p_sealed bytea,
  p_at timestamptz, p_suppression uuid, p_source text, p_creditor text[], p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq); code smallint; leaf smallint[]; seen boolean; closing bytea;
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  INSERT INTO inbound (account, event_id, channel, address, contact_id, meaning, sealed, at)
  VALUES (p_account, p_event_id, p_channel, p_address, p_contact, p_meaning, p_sealed, p_at)
  ON CONFLICT DO NOTHING;
  seen := NOT FOUND;
  code := seen::int;
  IF p_suppression IS NOT NULL THEN
    FOR closing IN SELECT DISTINCT t FROM unnest(ARRAY[p_address, p_answered]) AS u (t) WHERE t IS NOT NULL ORDER BY t LOOP
      CONTINUE WHEN seen AND EXISTS (SELECT FROM suppression s WHERE s.address = closing AND s.lifted_at IS NULL
                                         AND s.channel IS NULL AND s.creditor IS NULL);
      PERFORM add_address_suppression(CASE WHEN closing = p_address THEN p_suppression ELSE gen_random_uuid() END,
                                      closing, NULL, NULL, p_source, NULL, p_at);
      code := 0;
    END LOOP;
  END IF;
  leaf := array_fill(code, ARRAY[cardinality(p_body)]);
  PERFORM append_chosen(p_creditor, array_fill(p_at, ARRAY[cardinality(p_body)]), p_kind,
                        array_fill(p_contact, ARRAY[cardinality(p_body)]), p_body, leaf, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, ARRAY[code]);
  RETURN ARRAY[code];
END $$;

CREATE FUNCTION add_address_suppression(
  p_id uuid, p_address bytea, p_channel text, p_creditor text, p_source text, p_evidence text, p_since timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO address (token) VALUES (p_address) ON CONFLICT DO NOTHING;
  PERFORM 1 FROM address WHERE token = p_address FOR UPDATE;
  INSERT INTO suppression (id, scope, address, channel, creditor, source, evidence, since)
  VALUES (p_id, 'address', p_address, p_channel, p_creditor, p_source, p_evidence, p_since);
END $$;
-- Facts about a person or an address that arrive by API: opt-outs, restrictions, consents, reported events.
-- One item a call; the idempotency key is optional. 0 recorded; 1 the key was used before; 2 nothing to lift.
CREATE FUNCTION record_fact(
  p_writer text, p_epoch int, p_seq bigint,
  p_api_key text, p_key text, p_mac bytea, p_keep timestamptz,
  p_table text, p_act text, p_id uuid, p_token bytea, p_subject uuid, p_namespace text, p_address bytea,
  p_scope text, p_fact_kind text, p_channel text, p_debts bytea, p_fact_creditor text,
  p_since timestamptz, p_until timestamptz, p_source text, p_wording text, p_evidence text,
  p_at timestamptz, p_creditor text[], p_kind text[], p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq); code smallint := 0; who bigint; n int;
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  IF p_key IS NOT NULL THEN
    INSERT INTO idempotency (api_key, key, mac, made, keep_until) VALUES (p_api_key, p_key, p_mac, p_id, p_keep)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN code := 1; END IF;
  END IF;
  IF code = 0 AND p_token IS NOT NULL THEN
    INSERT INTO borrower (token, subject, namespace) VALUES (p_token, p_subject, p_namespace) ON CONFLICT DO NOTHING;
    SELECT id INTO who FROM borrower WHERE token = p_token FOR UPDATE;
  END IF;
  IF code = 0 THEN
    CASE p_table || ' ' || p_act
      WHEN 'suppression add' THEN
        IF p_address IS NOT NULL THEN
          PERFORM add_address_suppression(p_id, p_address, p_channel, p_fact_creditor, p_source, p_evidence, p_since);
        ELSE
          INSERT INTO suppression (id, scope, borrower_id, channel, debt, creditor, source, evidence, since)
          VALUES (p_id, p_scope, who, p_channel, p_debts, p_fact_creditor, p_source, p_evidence, p_since);
        END IF;
      WHEN 'restriction add' THEN
        INSERT INTO restriction (id, borrower_id, kind, creditor, recorded_by, debt, channel, since, until, source, evidence)
        VALUES (p_id, who, p_fact_kind, p_fact_creditor, p_creditor[1], p_debts, p_channel, p_since, p_until, p_source,
                p_evidence);
      WHEN 'restriction lift' THEN
        -- Who recorded it may lift it; another creditor in the same namespace sees it and is bound by it.
        UPDATE restriction SET lifted_at = p_at
         WHERE id = p_id AND borrower_id = who AND lifted_at IS NULL AND recorded_by = p_creditor[1];
        GET DIAGNOSTICS n = ROW_COUNT;
        IF n = 0 THEN code := 2; END IF;
      WHEN 'consent add' THEN
        INSERT INTO consent (id, borrower_id, purpose, creditor, channel, address, since, until, source, wording, evidence)
        VALUES (p_id, who, p_fact_kind, p_fact_creditor, p_channel, p_address, p_since, p_until, p_source, p_wording, p_evidence);
      WHEN 'event add' THEN
        INSERT INTO event (borrower_id, at, kind, channel, debts, creditor)
        VALUES (who, p_since, p_fact_kind, p_channel, p_debts, p_fact_creditor);
      ELSE RAISE EXCEPTION 'record_fact knows no % %', p_table, p_act;
    END CASE;
  END IF;
  PERFORM append_chosen(p_creditor, array_fill(p_at, ARRAY[cardinality(p_body)]), p_kind,
                        array_fill(NULL::uuid, ARRAY[cardinality(p_body)]), p_body,
                        array_fill(code, ARRAY[cardinality(p_body)]), p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, ARRAY[code]);
  RETURN ARRAY[code];
END $$;

-- Leaves that change nothing else: an opt-out that is complete, an incident.
CREATE FUNCTION write_leaves(
  p_writer text, p_epoch int, p_seq bigint, p_creditor text[], p_at timestamptz[], p_kind text[], p_contact uuid[],
  p_body bytea[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE done smallint[] := writer_begin(p_writer, p_epoch, p_seq); code smallint[];
BEGIN
  IF done IS NOT NULL THEN RETURN done; END IF;
  code := array_fill(0::smallint, ARRAY[cardinality(p_body)]);
  PERFORM append_chosen(p_creditor, p_at, p_kind, p_contact, p_body, code, p_writer, p_epoch, p_seq);
  PERFORM writer_end(p_writer, p_epoch, p_seq, code);
  RETURN code;
END $$;

-- Facts for a decision, with the versions they belong to: one statement, so one snapshot. Facts read before the
-- version would let a change slip in between.
CREATE FUNCTION borrower_history(p_borrower bigint, p_since timestamptz) RETURNS TABLE (
  e_at timestamptz[], e_kind text[], e_channel text[], e_debts bytea[], e_creditor text[], e_contact uuid[],
  s_id uuid[], s_scope text[], s_since timestamptz[], s_source text[], s_channel text[], s_debt bytea[], s_creditor text[],
  r_id uuid[], r_kind text[], r_since timestamptz[], r_until timestamptz[], r_debt bytea[], r_creditor text[], r_channel text[]
) LANGUAGE sql STABLE AS $$
  SELECT e.*, s.*, r.* FROM
    (SELECT array_agg(at), array_agg(kind), array_agg(channel), array_agg(debts), array_agg(creditor), array_agg(contact_id)
       FROM event WHERE borrower_id = p_borrower AND at >= p_since) AS e,
    (SELECT array_agg(id), array_agg(scope), array_agg(since), array_agg(source), array_agg(channel), array_agg(debt), array_agg(creditor)
       FROM suppression WHERE borrower_id = p_borrower AND lifted_at IS NULL) AS s,
    (SELECT array_agg(id), array_agg(kind), array_agg(since), array_agg(until), array_agg(debt), array_agg(creditor), array_agg(channel)
       FROM restriction WHERE borrower_id = p_borrower AND lifted_at IS NULL) AS r
$$;

-- The rules in force. Takes the guard of the stop flags alone: every permit is given under the old rules or the new,
-- none is in between.
CREATE FUNCTION activate_policy(p_hash bytea, p_documents jsonb, p_tzdb text, p_by text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE before bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(7041, 1);
  INSERT INTO policy (hash, documents, tzdb, loaded_by) VALUES (p_hash, p_documents, p_tzdb, p_by) ON CONFLICT DO NOTHING;
  SELECT hash INTO before FROM policy_active;
  IF before = p_hash THEN RETURN false; END IF;
  INSERT INTO policy_active (hash) VALUES (p_hash) ON CONFLICT (one) DO UPDATE SET hash = p_hash, since = now();
  RETURN true;
END $$;

-- What nobody needs any more: idempotency keys past their time.
CREATE FUNCTION forget_old_keys(p_at timestamptz) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE keep_until < p_at ORDER BY keep_until LIMIT 5000)) RETURNING 1)
  SELECT count(*) FROM gone
$$;

CREATE FUNCTION keys_used(p_id text[], p_at timestamptz) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE api_key SET last_used_at = p_at WHERE id = ANY (p_id)
$$;

-- The subject of a person, who is made if never heard of: records about them can then name the one they have.
CREATE FUNCTION name_borrower(p_token bytea, p_subject uuid, p_namespace text) RETURNS uuid LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO borrower (token, subject, namespace) VALUES (p_token, p_subject, p_namespace) ON CONFLICT DO NOTHING;
  SELECT subject FROM borrower WHERE token = p_token
$$;

GRANT EXECUTE ON FUNCTION accept_contacts, permit_contacts, move_contacts, settle_attempts, record_receipts,
  take_inbound, record_fact, write_leaves, borrower_history, forget_old_keys, keys_used, name_borrower TO forbear_app;
