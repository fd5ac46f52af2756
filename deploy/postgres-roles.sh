#!/bin/sh
# Makes the three roles and the database in a fresh PostgreSQL (run once, by the image's entry point or by hand as a
# superuser). The owner migrates, the app may only call functions, the sealer signs: see gateway/embedded/postgres.py.
set -eu
secrets=${SECRETS_DIR:-/run/secrets}

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner_password="$(cat "$secrets/owner_password")" \
    --set app_password="$(cat "$secrets/app_password")" \
    --set sealer_password="$(cat "$secrets/sealer_password")" <<'SQL'
CREATE ROLE forbear_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE forbear_app LOGIN PASSWORD :'app_password';
CREATE ROLE forbear_sealer LOGIN PASSWORD :'sealer_password';
GRANT forbear_app, forbear_sealer TO forbear_owner WITH ADMIN OPTION;
CREATE DATABASE forbear OWNER forbear_owner;
SQL
