# shellcheck shell=bash disable=SC2034 # the stages read what is set here
# The servers that a stage of tests/run or a command of tests/long starts for itself, from the project's folder. They end
# with the stage's shell, however that ends.

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
PYTHON_ENVIRONMENT="$CARGO_TARGET_DIR/client-tests"
KMS_ENVIRONMENT="$CARGO_TARGET_DIR/kms-tests"
NODE_ENVIRONMENT="$CARGO_TARGET_DIR/client-tests-node"
OPENAPI_ENVIRONMENT="$CARGO_TARGET_DIR/openapi-tests"
DEPLOY_ENVIRONMENT="$CARGO_TARGET_DIR/deploy-tests"
DEPLOY_NODE_ENVIRONMENT="$CARGO_TARGET_DIR/deploy-tests-node"

fail() {
    printf '%s: %s\n' "$0" "$1" >&2
    exit 1
}

# An environment with what a folder's requirements.txt and constraints.txt say; made anew when they have changed since.
make_python_environment() {
    local environment=$1 folder=$2 made="$1/requirements" wanted
    wanted=$(cat "$folder/requirements.txt" "$folder/constraints.txt")
    [[ "$(cat "$made" 2>/dev/null)" != "$wanted" ]] || return 0
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check \
        --requirement "$folder/requirements.txt" --constraint "$folder/constraints.txt"
    printf '%s\n' "$wanted" >"$made"
}

# A folder with the Node packages of another one's package-lock.json; made anew when that has changed since. No package
# may run a script of its own.
make_node_environment() {
    local environment=$1 folder=$2 made="$1/made"
    ! cmp --silent "$folder/package-lock.json" "$made" || return 0
    rm -rf "$environment"
    mkdir -p "$environment"
    cp "$folder/package.json" "$folder/package-lock.json" "$environment"
    npm ci --prefix "$environment" --ignore-scripts --no-audit --no-fund --silent
    cp "$folder/package-lock.json" "$made"
}

# Has the command run when the stage's shell ends, however it ends; those given last run first.
at_end() {
    endings="$1; ${endings:-}"
    # shellcheck disable=SC2064 # the commands of now
    trap "$endings" EXIT
}

# Starts a Keystone of this stage's own and exports where it is and its passwords, as TEST_KEYSTONE_… variables.
start_keystone() {
    local keystone variable
    make_python_environment "$PYTHON_ENVIRONMENT" tests/clients
    exec {keystone}< <(exec "$PYTHON_ENVIRONMENT/bin/python" tests/clients/keystone.py </dev/null)
    keystone_process=$!
    at_end stop_keystone
    while read -r -u "$keystone" variable; do
        export "${variable?}"
    done
    [[ -n "${TEST_KEYSTONE_URL:-}" ]] || fail "Keystone did not start"
}

stop_keystone() {
    if kill "$keystone_process" 2>/dev/null; then
        wait "$keystone_process" || true
    fi
}

# Starts moto's KMS on a free loopback port and exports where it is, and credentials that it takes like any others.
start_kms() {
    local port
    make_python_environment "$KMS_ENVIRONMENT" tests/kms
    port=$(free_port)
    kms_log=$(mktemp)
    "$KMS_ENVIRONMENT/bin/moto_server" -H 127.0.0.1 -p "$port" </dev/null >"$kms_log" 2>&1 &
    kms_process=$!
    at_end stop_kms
    export TEST_KMS_URL="http://127.0.0.1:$port"
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_EC2_METADATA_DISABLED=true
    for _ in {1..150}; do
        ! curl --silent --output /dev/null "$TEST_KMS_URL/moto-api/" || return 0
        sleep 0.2
    done
    fail "the KMS did not start: $(cat "$kms_log")"
}

stop_kms() {
    if kill "$kms_process" 2>/dev/null; then
        wait "$kms_process" || true
    fi
    rm -f "$kms_log"
}

# Starts a PostgreSQL of this stage's own on a free loopback port; it goes with the stage's shell. Sets postgresql_url and
# postgresql_folder. It has a certificate for localhost, and not for its address, that vouches for itself (TEST_DATABASE_CA); by plain
# text it takes everybody but a user tls_only. What tests write need not survive a power cut; where figures are measured, "durable" keeps the settings
# that PostgreSQL has, and speaks no TLS, for which neither side is to pay.
start_postgresql() {
    local durability=${1:-throwaway} port password options
    postgresql_folder=$(mktemp -d)
    port=$(free_port)
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    at_end stop_postgresql
    (umask 077 && printf '%s' "$password" >"$postgresql_folder/password")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=PostgreSQL for tests" \
        -addext "subjectAltName=DNS:localhost" -keyout "$postgresql_folder/tls.key" -out "$postgresql_folder/tls.crt" 2>/dev/null
    export TEST_DATABASE_CA="$postgresql_folder/tls.crt"
    ((EUID != 0)) || chown -R postgres "$postgresql_folder"
    as_postgres "$(postgresql_tool initdb)" --pgdata "$postgresql_folder/data" --username keypaird --encoding UTF8 \
        --locale C --auth scram-sha-256 --pwfile "$postgresql_folder/password" --no-sync >/dev/null
    sed -i '1i hostnossl all tls_only all reject' "$postgresql_folder/data/pg_hba.conf"
    options="-c max_connections=300 -c listen_addresses=127.0.0.1 -p $port"
    [[ "$durability" == durable ]] || options+=" -c fsync=off -c full_page_writes=off -c ssl=on \
        -c ssl_cert_file=$postgresql_folder/tls.crt -c ssl_key_file=$postgresql_folder/tls.key"
    as_postgres "$(postgresql_tool pg_ctl)" --pgdata "$postgresql_folder/data" --log "$postgresql_folder/log" --wait \
        --options "$options -k $postgresql_folder" start >/dev/null ||
        fail "PostgreSQL did not start: $(cat "$postgresql_folder/log")"
    postgresql_url="postgres://keypaird:$password@127.0.0.1:$port/postgres"
}

stop_postgresql() {
    as_postgres "$(postgresql_tool pg_ctl)" --pgdata "$postgresql_folder/data" --mode immediate stop >/dev/null
    rm -rf "$postgresql_folder"
}

# A tool of PostgreSQL's server: Debian keeps them out of PATH, in a folder per version.
postgresql_tool() {
    command -v "$1" || find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort --version-sort | tail -n 1 | grep .
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if ((EUID == 0)); then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
