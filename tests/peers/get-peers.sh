#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the programs that the end-to-end tests talk to, each from its registry.
#
#   get-peers.sh DIR [PEER...]    PEER: collector python pprof speedscope chromium pyroscope
#
# Without PEER: all but pyroscope, the one that costs minutes and gigabytes. Python's classes come with
# tests/requirements.txt, Chromium with tools/deps.
# A peer that is in DIR already, of the same version, is left as it is.
set -eu

[ $# -gt 0 ] || { sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
recipes=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
peers=$(cd "$1" && pwd)
shift
export GOFLAGS="-mod=mod -buildvcs=false" GOWORK=off

# stale NAME INPUT: does NAME have to be built from INPUT?
stale() {
	[ "$(cat "$peers/.$1.stamp" 2>/dev/null)" != "$2" ] || { echo "$1: cached"; return 1; }
	echo "$1: building"
}

fresh() { echo "$2" >"$peers/.$1.stamp"; }

get_collector() {
	input="builder@v0.159.0 $(sha256sum <"$recipes/builder.yaml")"
	stale collector "$input" || return 0
	GOBIN=$peers/bin go install go.opentelemetry.io/collector/cmd/builder@v0.159.0
	mkdir -p "$peers/collector"
	(cd "$peers/collector" && "$peers/bin/builder" --config "$recipes/builder.yaml")
	install "$peers/collector/build/otelcol-profiles" "$peers/bin/"
	fresh collector "$input"
}

get_pprof() {
	input=$(go version)
	stale pprof "$input" || return 0
	GOFLAGS=-buildvcs=false go build -o "$peers/bin/pprof" cmd/pprof
	fresh pprof "$input"
}

get_speedscope() {
	input=speedscope@1.25.0
	stale speedscope "$input" || return 0
	npm install --silent --no-audit --no-fund --prefix "$peers/npm" "$input"
	fresh speedscope "$input"
}

get_pyroscope() {
	input=$(sha256sum <"$recipes/pyroscope.mod")
	stale pyroscope "$input" || return 0
	mkdir -p "$peers/pyroscope"
	cp "$recipes/pyroscope.mod" "$peers/pyroscope/go.mod"
	cd "$peers/pyroscope"
	go mod download github.com/grafana/pyroscope
	# Its own go.sum holds the hashes that the checksum database does not answer for.
	install -m 644 "$(go list -m -f '{{.Dir}}' github.com/grafana/pyroscope)/go.sum" go.sum
	go build -trimpath -tags netgo -ldflags '-s -w' -o "$peers/bin/pyroscope" \
		github.com/grafana/pyroscope/cmd/pyroscope
	cd "$peers"
	fresh pyroscope "$input"
}

for peer in ${*:-collector pprof speedscope}; do
	case $peer in
	collector | pprof | speedscope | pyroscope) "get_$peer" ;;
	*) echo "get-peers.sh: no peer is called $peer" >&2; exit 2 ;;
	esac
done
