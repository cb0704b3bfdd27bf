#!/bin/sh
# Makes the two databases and brings their schemas up to the version of the tool. Safe to run again: that is how an
# upgrade gets its schema changes, before the new server starts.
# Environment: SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD, as temporal-sql-tool reads them.
set -eu
export SQL_PLUGIN=postgres12

bring_up_to_date() {
  database=$1 schema=$2
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "$schema"
}

bring_up_to_date temporal postgresql/v12/temporal
bring_up_to_date temporal_visibility postgresql/v12/visibility
echo "The schemas are up to date."
