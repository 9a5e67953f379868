#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the programs that the end-to-end tests talk to, each from its registry.
#
#   get-peers.sh DIR [PEER...]    PEER: collector pprof speedscope pyroscope helm schemas deploy
#
# Without PEER: collector, pprof and speedscope. pyroscope costs minutes and gigabytes; helm, schemas (what Kubernetes
# publishes of its objects) and deploy (a Collector with what deploy/collector/ names) are what tests/kubernetes wants.
# Python's classes come with tests/requirements.txt, Chromium with tools/deps.
# A peer that is in DIR already, of the same version, is left as it is.
set -eu

[ $# -gt 0 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
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

get_helm() {
	input=helm@v3.22.0
	stale helm "$input" || return 0
	GOBIN=$peers/bin go install -trimpath -ldflags '-s -w' helm.sh/helm/v3/cmd/$input
	fresh helm "$input"
}

# Where the source of MODULE@VERSION is.
source_of() {
	go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

get_schemas() {
	kubernetes=k8s.io/kubernetes@v1.34.4 operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
	stale schemas "$kubernetes $operator" || return 0
	mkdir -p "$peers/schemas"
	install -m 644 "$(source_of $kubernetes)/api/openapi-spec/swagger.json" "$peers/schemas/kubernetes.json"
	install -m 644 "$(source_of $operator)/jsonnet/prometheus-operator/podmonitors-crd.json" \
		"$peers/schemas/podmonitor.json"
	fresh schemas "$kubernetes $operator"
}

# The builder writes the program only. Its own way to the modules is `go mod tidy`, which asks for what their tests need as
# well; not all of that is to be had.
get_deploy() {
	version=v0.161.0
	input="builder@$version $(sha256sum <"$recipes/builder-deploy.yaml")"
	stale deploy "$input" || return 0
	mkdir -p "$peers/deploy"
	GOBIN=$peers/deploy go install go.opentelemetry.io/collector/cmd/builder@$version
	rm -rf "$peers/deploy/build"
	cd "$peers/deploy"
	./builder --skip-compilation --skip-get-modules --config "$recipes/builder-deploy.yaml"
	cd build
	go mod init otelcol-deploy
	go get go.opentelemetry.io/collector/otelcol@$version \
		$(sed -n 's/^  - gomod: \(.*\) \(v.*\)/\1@\2/p' "$recipes/builder-deploy.yaml")
	go build -trimpath -ldflags '-s -w' -o "$peers/bin/otelcol-deploy" .
	cd "$peers"
	fresh deploy "$input"
}

for peer in ${*:-collector pprof speedscope}; do
	case $peer in
	collector | pprof | speedscope | pyroscope | helm | schemas | deploy) "get_$peer" ;;
	*) echo "get-peers.sh: no peer is called $peer" >&2; exit 2 ;;
	esac
done
