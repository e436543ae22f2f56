#!/usr/bin/env bash
# Brings go.mod and go.sum up to date. "go mod tidy" alone knows no workspace
# and asks for a release of the root module that may not exist yet.
set -euo pipefail
cd "$(dirname "$0")"
trap 'rm -f go.local.mod go.local.sum' EXIT
cp go.mod go.local.mod
cp go.sum go.local.sum 2>/dev/null || true
export GOWORK=off
go mod edit -replace github.com/callerbook/contacts=../ -replace github.com/callerbook/contacts/pgstore=../pgstore go.local.mod
go mod tidy -modfile=go.local.mod "$@"
go mod edit -dropreplace github.com/callerbook/contacts -dropreplace github.com/callerbook/contacts/pgstore go.local.mod
mv go.local.mod go.mod
mv go.local.sum go.sum
