# shellcheck shell=bash disable=SC2034 # the commands of this folder read what is set here
# What the commands of this folder need, whichever of them comes first. They source it from the project's folder.

source tests/servers.sh
source tests/packages.sh

DEBIAN_PACKAGES="
curl             curl --version
postgresql       postgresql_tool initdb && command -v pgbench
python3-venv     python3 -c 'import ensurepip, venv'
wrk              command -v wrk
"

prepare() {
    install_debian_packages
    make_python_environment "$PYTHON_ENVIRONMENT" tests/clients
    make_python_environment "$KMS_ENVIRONMENT" tests/kms
}
