{{/* Name of most objects: that of the release, which need not repeat the name of the chart. */}}
{{- define "rebootd.fullname" -}}
{{- $name := .Values.nameOverride | default "rebootd" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "rebootd.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "rebootd.fullname" .) "default") -}}
{{- end -}}

{{/* The same inside of a regular expression, inside of a text of CEL. */}}
{{- define "rebootd.serviceAccountPattern" -}}
{{- include "rebootd.serviceAccountName" . | replace "." "[.]" -}}
{{- end -}}

{{/* The labels by which the pods are selected. The commands of rebootd find its DaemonSet by the first one, so no value changes it. */}}
{{- define "rebootd.matchLabels" -}}
app.kubernetes.io/name: rebootd
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of the pods: without the version of the chart, so that a new one alone restarts no daemon. */}}
{{- define "rebootd.podLabels" -}}
{{ include "rebootd.matchLabels" . }}
app.kubernetes.io/version: {{ include "rebootd.tag" . | trunc 63 | quote }}
app.kubernetes.io/component: daemon
app.kubernetes.io/part-of: rebootd
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "rebootd.labels" -}}
{{ include "rebootd.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* A values file of kured's names kured's image; rebootd runs its own, with its own tag. */}}
{{- define "rebootd.isImageOfKured" -}}
{{- if regexMatch "(^|/)kured$" .Values.image.repository }}true{{ end -}}
{{- end -}}

{{- define "rebootd.tag" -}}
{{- if include "rebootd.isImageOfKured" . }}{{ .Chart.AppVersion }}{{ else }}{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "rebootd.image" -}}
{{- if include "rebootd.isImageOfKured" . -}}
rebootd:{{ include "rebootd.tag" . }}
{{- else if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ include "rebootd.tag" . }}
{{- end -}}
{{- end -}}

{{/* Annotations, whose values must be texts. */}}
{{- define "rebootd.annotations" -}}
{{- $texts := dict -}}
{{- range $key, $value := . -}}
{{- $_ := set $texts $key (kindIs "string" $value | ternary $value (toJson $value)) -}}
{{- end -}}
{{- toYaml $texts -}}
{{- end -}}

{{/* Fields of the endpoint that is scraped. */}}
{{- define "rebootd.endpoint" -}}
{{- $endpoint := dict "interval" .Values.metrics.interval -}}
{{- with .Values.metrics.scrapeTimeout -}}
{{- $_ := set $endpoint "scrapeTimeout" . -}}
{{- end -}}
{{- toYaml (mergeOverwrite $endpoint .Values.metrics.endpoint) -}}
{{- end -}}
