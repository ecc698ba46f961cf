# shellcheck shell=bash
# Installs Debian packages that are missing: those in DEBIAN_PACKAGES, a line each, with the command that succeeds where what
# the package brings is there. Needs tests/servers.sh.

install_debian_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} > 0)) || return 0
    is_debian || fail "missing here, by their Debian names: ${missing[*]}"
    as_root apt-get update --quiet
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} == 0)) || fail "still missing after the installation: ${missing[*]}"
}

missing_packages() {
    local package check
    while read -r package check; do
        [[ -z "$package" ]] || (eval "$check") >/dev/null 2>&1 || printf '%s\n' "$package"
    done <<<"$DEBIAN_PACKAGES"
}

is_debian() { grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release 2>/dev/null && command -v apt-get >/dev/null; }

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "neither root nor sudo is at hand for: $*"
    fi
}
