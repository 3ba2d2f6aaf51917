# shellcheck shell=bash
# Servers for .ci/run, which sources this file and sets `work`, a temporary folder.
#
# `need_postgresql`, `need_mariadb` and `need_redis` find a server that the tests can use: the one that the variables of
# tests/settings.py and tests/servers.py name (by default the standard port of 127.0.0.1), else a throw-away one of their
# own. They export the variables that lead there; where neither can be had they return 1 and say why in `reason`.
# AUTH_SESSIONS_CI_OWN_SERVERS=1 asks for throw-away servers although others answer.

: "${work:?}"
reason=
own_postgresql_bin=
own_mariadb_pid=
own_redis_pid=

need_postgresql() {
    export PGHOST="${PGHOST:-127.0.0.1}" PGPORT="${PGPORT:-5432}" PGUSER="${PGUSER:-postgres}"
    use_or_start postgresql "$PGHOST:$PGPORT"
}

need_mariadb() {
    export MYSQL_HOST="${MYSQL_HOST:-127.0.0.1}" MYSQL_TCP_PORT="${MYSQL_TCP_PORT:-3306}" MYSQL_USER="${MYSQL_USER:-root}"
    use_or_start mariadb "$MYSQL_HOST:$MYSQL_TCP_PORT"
}

need_redis() {
    export REDIS_PORT="${REDIS_PORT:-6379}"
    use_or_start redis "127.0.0.1:$REDIS_PORT"
}

use_or_start() { # use_or_start KIND ADDRESS
    local probed
    if [ "${AUTH_SESSIONS_CI_OWN_SERVERS:-}" = 1 ]; then
        probed="own servers were asked for"
    elif probed=$(probe "$1" 2>&1); then
        echo "$1: $probed at $2"
        return 0
    fi
    probed="$2: $(tail -n 1 <<<"$probed" | cut -c 1-120)"
    if "start_$1"; then
        if probed=$(probe "$1" 2>&1); then
            echo "$1: $probed, started for this run"
            return 0
        fi
        reason="the server started for this run does not answer: $(tail -n 1 <<<"$probed" | cut -c 1-120)"
    else
        reason="$probed; $reason"
    fi
    return 1
}

# Prints the server's version, or says on its last line why the tests cannot use the server.
probe() {
    .venv/bin/python - "$1" <<'PYTHON'
import os
import sys


def postgresql():
    import psycopg

    with psycopg.connect(dbname="postgres", connect_timeout=3) as connection:  # the rest is in libpq's variables
        row = connection.execute(
            "SELECT rolsuper OR rolcreatedb, current_setting('server_version') FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    if not row[0]:
        raise RuntimeError("the user must not create databases")
    return f"PostgreSQL {row[1]}"


def mariadb():
    import pymysql

    with pymysql.connect(
        host=os.environ["MYSQL_HOST"],
        port=int(os.environ["MYSQL_TCP_PORT"]),
        user=os.environ["MYSQL_USER"],
        password=os.environ.get("MYSQL_PWD", ""),
        connect_timeout=3,
    ) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = cursor.fetchone()[0]
        if "MariaDB" not in version:
            raise RuntimeError(f"this is MySQL {version}, not MariaDB")
        cursor.execute("CREATE DATABASE IF NOT EXISTS auth_sessions_ci_probe")
        cursor.execute("DROP DATABASE auth_sessions_ci_probe")
    return f"MariaDB {version}"


def redis():
    from redis import Redis

    return f"Redis {Redis(port=int(os.environ['REDIS_PORT']), socket_timeout=3).info('server')['redis_version']}"


try:
    print(locals()[sys.argv[1]]())
except Exception as error:
    sys.exit(" ".join(str(error).split()))
PYTHON
}

free_port() {
    .venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

new_password() {
    .venv/bin/python -c 'import secrets; print(secrets.token_hex(16))'
}

# The account that a throw-away server runs as: PostgreSQL refuses root.
server_account() { # server_account PREFERRED
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif id -u "$1" >/dev/null 2>&1; then
        echo "$1"
    else
        echo nobody
    fi
}

as_account() { # as_account ACCOUNT COMMAND...
    local account=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        runuser -u "$account" -- "$@"
    else
        "$@"
    fi
}

answers_in_time() { # answers_in_time KIND PID: half a minute, as long as the process lives
    local waited
    for ((waited = 0; waited < 60; waited++)); do
        probe "$1" >/dev/null 2>&1 && return 0
        kill -0 "$2" 2>/dev/null || break
        sleep 0.5
    done
    return 1
}

start_postgresql() {
    local candidate bin='' account dir="$work/postgresql" port password
    for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) $(tr : ' ' <<<"$PATH"); do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ] && [ -x "$candidate/postgres" ]; then
            bin=$candidate
            break
        fi
    done
    if [ -z "$bin" ]; then
        reason="PostgreSQL's server is not installed"
        return 1
    fi
    if [ "$(id -u)" = 0 ] && ! command -v runuser >/dev/null; then
        reason="root cannot start PostgreSQL without runuser"
        return 1
    fi
    account=$(server_account postgres)
    port=$(free_port)
    password=$(new_password)
    mkdir "$dir"
    (
        cd "$dir" || exit
        umask 077
        echo "$password" >password
        chown -R "$account" .
        as_account "$account" "$bin/initdb" -D "$dir/data" -U postgres -A scram-sha-256 --pwfile="$dir/password" \
            --no-sync --encoding=UTF8 --locale=C &&
            as_account "$account" "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start -o \
                "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c full_page_writes=off"
    ) >"$work/postgresql.start" 2>&1 </dev/null
    # shellcheck disable=SC2181
    if [ $? != 0 ]; then
        cat "$work/postgresql.start" "$dir/log" 2>/dev/null
        reason="a PostgreSQL of its own did not start"
        return 1
    fi
    own_postgresql_bin=$bin
    export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGPASSWORD=$password
}

start_mariadb() {
    local candidate server='' install='' account dir="$work/mariadb" port password
    local path="$PATH:/usr/local/sbin:/usr/sbin:/usr/libexec"
    for candidate in mariadbd mysqld; do
        [ -n "$server" ] || server=$(PATH=$path command -v "$candidate")
    done
    for candidate in mariadb-install-db mysql_install_db; do
        [ -n "$install" ] || install=$(PATH=$path command -v "$candidate")
    done
    if [ -z "$server" ] || [ -z "$install" ]; then
        reason="MariaDB's server is not installed"
        return 1
    fi
    account=$(server_account mysql)
    port=$(free_port)
    password=$(new_password)
    mkdir "$dir"
    (
        umask 077
        mkdir "$dir/data"
        cat >"$dir/init.sql" <<SQL
CREATE USER 'auth_sessions'@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO 'auth_sessions'@'127.0.0.1';
SQL
        chown -R "$account" "$dir"
        "$install" --no-defaults --datadir="$dir/data" --user="$account" --skip-test-db
    ) >"$work/mariadb.start" 2>&1 </dev/null
    # The subshell takes the server out of this shell's jobs, so that `wait` does not wait for it.
    (
        "$server" --no-defaults --datadir="$dir/data" --user="$account" --port="$port" --bind-address=127.0.0.1 \
            --socket="$dir/socket" --pid-file="$dir/pid" --init-file="$dir/init.sql" --skip-name-resolve \
            --skip-log-bin --innodb-flush-log-at-trx-commit=0 >"$dir/log" 2>&1 </dev/null &
        echo $! >"$work/mariadb.pid"
    )
    own_mariadb_pid=$(cat "$work/mariadb.pid")
    export MYSQL_HOST=127.0.0.1 MYSQL_TCP_PORT=$port MYSQL_USER=auth_sessions MYSQL_PWD=$password
    answers_in_time mariadb "$own_mariadb_pid" && return 0
    cat "$work/mariadb.start" "$dir/log" 2>/dev/null
    reason="a MariaDB of its own did not start"
    return 1
}

start_redis() {
    local port
    if ! command -v redis-server >/dev/null; then
        reason="Redis is not installed"
        return 1
    fi
    port=$(free_port)
    mkdir "$work/redis"
    ( # out of this shell's jobs, as above
        redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$work/redis" >"$work/redis/log" 2>&1 </dev/null &
        echo $! >"$work/redis/pid"
    )
    own_redis_pid=$(cat "$work/redis/pid")
    export REDIS_PORT=$port
    answers_in_time redis "$own_redis_pid" && return 0
    cat "$work/redis/log"
    reason="a Redis of its own did not start"
    return 1
}

stop_services() {
    local waited
    if [ -n "$own_postgresql_bin" ]; then
        (cd / && as_account "$(server_account postgres)" "$own_postgresql_bin/pg_ctl" \
            -D "$work/postgresql/data" -m immediate -t 20 stop) >/dev/null 2>&1
    fi
    if [ -n "$own_mariadb_pid" ] && kill "$own_mariadb_pid" 2>/dev/null; then
        for ((waited = 0; waited < 40; waited++)); do
            kill -0 "$own_mariadb_pid" 2>/dev/null || break
            sleep 0.25
        done
        kill -KILL "$own_mariadb_pid" 2>/dev/null
    fi
    [ -z "$own_redis_pid" ] || kill "$own_redis_pid" 2>/dev/null
    own_postgresql_bin='' own_mariadb_pid='' own_redis_pid=''
}
