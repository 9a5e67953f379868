{{- /* SPDX-License-Identifier: GPL-2.0-or-later */ -}}

{{- define "profound.selector" -}}
app.kubernetes.io/name: profound
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "profound.labels" -}}
{{ include "profound.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "profound.name" -}}
{{- if contains "profound" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-profound{{ end }}
{{- end }}

{{- /* OTEL_RESOURCE_ATTRIBUTES. In a pod the host's name is the pod's: the node's goes in its place. */ -}}
{{- define "profound.resource" -}}
host.name=$(NODE_NAME),k8s.node.name=$(NODE_NAME)
{{- range $key, $value := .Values.resourceAttributes }},{{ $key }}={{ $value }}{{ end }}
{{- end }}

{{- define "profound.seccomp" -}}
type: {{ .Values.seccomp.type }}
{{- if eq .Values.seccomp.type "Localhost" }}
localhostProfile: {{ .Values.seccomp.localhostProfile }}
{{- end }}
{{- end }}

{{- define "profound.installs" -}}
{{- if and (eq .Values.seccomp.type "Localhost") .Values.seccomp.installer }}yes{{ end }}
{{- end }}
