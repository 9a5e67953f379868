#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Gets what tests/kubernetes needs through the Go module proxy: programs, and the schemas that Kubernetes publishes.
#
#   get-tools.sh DIR [TOOL...]    TOOL: helm schemas collector; without TOOL: all of them
#
# The collector costs minutes. A tool that is in DIR already, of the same version, is left as it is.
set -eu

[ $# -gt 0 ] || { sed -n '3,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
recipes=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
tools=$(cd "$1" && pwd)
shift
export GOFLAGS="-mod=mod -buildvcs=false" GOWORK=off

# stale NAME INPUT: does NAME have to be got again, from INPUT?
stale() {
	[ "$(cat "$tools/.$1.stamp" 2>/dev/null)" != "$2" ] || { echo "$1: cached"; return 1; }
	echo "$1: building"
}

fresh() { echo "$2" >"$tools/.$1.stamp"; }

# Where the source of MODULE@VERSION is.
source_of() {
	go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

get_helm() {
	input=helm@v3.22.0
	stale helm "$input" || return 0
	GOBIN=$tools/bin go install -trimpath -ldflags '-s -w' helm.sh/helm/v3/cmd/$input
	fresh helm "$input"
}

get_schemas() {
	kubernetes=k8s.io/kubernetes@v1.34.4 operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
	stale schemas "$kubernetes $operator" || return 0
	mkdir -p "$tools/schemas"
	install -m 644 "$(source_of $kubernetes)/api/openapi-spec/swagger.json" "$tools/schemas/kubernetes.json"
	install -m 644 "$(source_of $operator)/jsonnet/prometheus-operator/podmonitors-crd.json" \
		"$tools/schemas/podmonitor.json"
	fresh schemas "$kubernetes $operator"
}

# The builder writes the program only. Its own way to the modules is `go mod tidy`, which asks for what their tests need as
# well; not all of that is to be had.
get_collector() {
	version=v0.161.0
	input="builder@$version $(sha256sum <"$recipes/builder.yaml")"
	stale collector "$input" || return 0
	GOBIN=$tools/bin go install go.opentelemetry.io/collector/cmd/builder@$version
	rm -rf "$tools/collector"
	mkdir -p "$tools/collector"
	cd "$tools/collector"
	"$tools/bin/builder" --skip-compilation --skip-get-modules --config "$recipes/builder.yaml"
	cd build
	go mod init otelcol-deploy
	go get go.opentelemetry.io/collector/otelcol@$version \
		$(sed -n 's/^  - gomod: \(.*\) \(v.*\)/\1@\2/p' "$recipes/builder.yaml")
	go build -trimpath -ldflags '-s -w' -o "$tools/bin/otelcol-deploy" .
	cd "$tools"
	fresh collector "$input"
}

for tool in ${*:-helm schemas collector}; do
	case $tool in
	helm | schemas | collector) "get_$tool" ;;
	*) echo "get-tools.sh: no tool is called $tool" >&2; exit 2 ;;
	esac
done
