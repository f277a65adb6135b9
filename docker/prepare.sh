#!/bin/bash
# Bring the database up to this image: install our addons in a new one, upgrade them in an old one. Safe to run again.
#   DATABASE          its name
#   ADMIN_PASSWORD_FILE   the password of the user `admin` of a new database
#   LANGUAGES         loaded into a new database; the first is its default
#   WITH_DEMO         1 for demo data in a new database
set -euo pipefail
database=${DATABASE:-logistics}
addons=logistics_crm,logistics_crm_sla,logistics_crm_notify,logistics_crm_reports

# As the base image's entry point does: from a file, so that the password is in no environment that can be listed.
export PGHOST=${HOST:-db} PGPORT=${PORT:-5432} PGUSER=${USER:-odoo}
if [[ -n ${PASSWORD_FILE:-} ]]; then PGPASSWORD=$(< "$PASSWORD_FILE"); else PGPASSWORD=${PASSWORD:-odoo}; fi
export PGPASSWORD

known=$(psql -XAtq -d postgres -v name="$database" <<< "SELECT 1 FROM pg_database WHERE datname = :'name'")
ready=
if [[ -n $known ]]; then
  ready=$(psql -XAtq -d "$database" <<< "SELECT to_regclass('ir_module_module') IS NOT NULL")
fi
if [[ $ready == t ]]; then
  echo "upgrading our addons in $database"
  odoo -d "$database" -i "$addons" -u "$addons" --stop-after-init --no-http
  exit
fi

echo "making $database"
demo=--without-demo
if [[ ${WITH_DEMO:-} == 1 ]]; then demo=--with-demo; fi
odoo -d "$database" -i "$addons" --load-language "${LANGUAGES:-en_US,zh_CN}" "$demo" --stop-after-init --no-http
if [[ -n ${ADMIN_PASSWORD_FILE:-} ]]; then
  odoo shell -d "$database" --no-http --log-level warn <<'PYTHON'
import os, pathlib
password = pathlib.Path(os.environ["ADMIN_PASSWORD_FILE"]).read_text().strip()
env.ref("base.user_admin").password = password
env.cr.commit()
PYTHON
  echo "the password of admin is that of ADMIN_PASSWORD_FILE"
fi
