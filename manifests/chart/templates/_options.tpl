{{/*
The options that are given, as a map from their names on the command line to their values: configuration, and over it extraArgs.
null, an empty text and an empty list are not given; 0 and false are.
*/}}
{{- define "rebootd.options" -}}
{{- $options := dict -}}
{{- range $key, $given := .Values.configuration -}}
{{- $value := $given -}}
{{- if and (hasPrefix "slack" $key) (kindIs "string" $given) -}}
{{- $value = tpl $given $ -}}
{{- end -}}
{{- $isEmpty := or (kindIs "invalid" $value) (and (or (kindIs "string" $value) (kindIs "slice" $value)) (empty $value)) -}}
{{- if not (or $isEmpty (eq $key "useRebootSentinelHostPath")) -}}
{{- $_ := set $options (regexReplaceAll "([A-Z])" $key "-${1}" | lower) $value -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.extraArgs -}}
{{- $isFlag := or (kindIs "invalid" $value) (and (kindIs "string" $value) (empty $value)) -}}
{{- $_ := set $options $name ($isFlag | ternary true $value) -}}
{{- end -}}
{{- toYaml $options -}}
{{- end -}}

{{/* Whether the chart creates the policies, which Kubernetes has from 1.30 on. */}}
{{- define "rebootd.hasPolicies" -}}
{{- if and .Values.admission.create (semverCompare "<1.30-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "admission.create requires Kubernetes 1.30, and this is %s: set admission.create=false; then any token of a daemon may change any Node" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if .Values.admission.create }}true{{ end -}}
{{- end -}}

{{/* One value as text of the command line. A program that reads YAML 1.1 makes true of the word on. */}}
{{- define "rebootd.text" -}}
{{- if kindIs "string" .value -}}
{{- .value -}}
{{- else if and (kindIs "bool" .value) (has .name (list "preflight")) -}}
{{- .value | ternary "on" "off" -}}
{{- else -}}
{{- toJson .value -}}
{{- end -}}
{{- end -}}

{{/*
The options that are secrets, each as the text of its environment variable, which is in a Secret of the chart. A value with a reference to
an environment variable stays an argument, where Kubernetes expands it.
*/}}
{{- define "rebootd.secretOptions" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $secrets := dict -}}
{{- range list "notify-url" "prometheus-header" "slack-hook-url" -}}
{{- $given := get $options . -}}
{{- if and $given (not (contains "$(" (toJson $given))) -}}
{{- if and (eq . "prometheus-header") (kindIs "slice" $given) (gt (len $given) 1) -}}
{{- fail (printf "invalid value of %d headers for configuration.prometheusHeader: must be one, which is in a Secret, for example \"X-Scope-OrgID: infra\"; more belong in a configuration file" (len $given)) -}}
{{- end -}}
{{- $_ := set $secrets . (kindIs "slice" $given | ternary $given (list $given) | join "\n") -}}
{{- end -}}
{{- end -}}
{{- if $secrets -}}
{{- toYaml $secrets -}}
{{- end -}}
{{- end -}}

{{/* The way to reboot: as named; by the command, where a values file of kured's has one of its own; else through logind. */}}
{{- define "rebootd.method" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $hasCommand := ne (get $options "reboot-command" | default "/bin/systemctl reboot") "/bin/systemctl reboot" -}}
{{- get $options "reboot-method" | default ($hasCommand | ternary "command" "logind") -}}
{{- end -}}

{{/* Whether the daemon runs commands on the host, which only a privileged pod may. */}}
{{- define "rebootd.runsCommands" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $isMethod := has (include "rebootd.method" .) (list "command" "auto") -}}
{{- if or $isMethod (hasKey $options "reboot-sentinel-command") (has (get $options "os") (list "auto" "rhel")) }}true{{ end -}}
{{- end -}}

{{/* Where the lock is: on the Lease, or on a DaemonSet that an option names, such as kured's. */}}
{{- define "rebootd.lock" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $named := get $options "lock-object" | default "" -}}
{{- $namespace := get $options "ds-namespace" | default "kube-system" -}}
{{- if .Values.kured.lock -}}
{{- range list "ds-name" "ds-namespace" "lock-object" -}}
{{- if hasKey $options . -}}
{{- fail (printf "kured.lock and --%s are mutually exclusive: kured.name and kured.namespace say where kured's lock is" .) -}}
{{- end -}}
{{- end -}}
{{- dict "kind" "daemonset" "name" .Values.kured.name "namespace" (.Values.kured.namespace | default .Release.Namespace) | toYaml -}}
{{- else if hasKey $options "ds-name" -}}
{{- dict "kind" "daemonset" "name" (get $options "ds-name") "namespace" $namespace | toYaml -}}
{{- else if hasPrefix "daemonset/" $named -}}
{{- dict "kind" "daemonset" "name" (trimPrefix "daemonset/" $named) "namespace" $namespace | toYaml -}}
{{- else -}}
{{- merge (dict "kind" "lease") (include "rebootd.lease" . | fromYaml) | toYaml -}}
{{- end -}}
{{- end -}}

{{/* The Lease that the daemons may write. The chart creates it, unless an option names another one, which may be that of another release. */}}
{{- define "rebootd.lease" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $named := get $options "lock-object" | default "" -}}
{{- $isNamed := hasPrefix "lease/" $named -}}
{{- $name := $isNamed | ternary (trimPrefix "lease/" $named) (include "rebootd.fullname" .) -}}
{{- dict "name" $name "namespace" (get $options "namespace" | default .Release.Namespace) "isOurs" (not $isNamed) | toYaml -}}
{{- end -}}

{{/* Keys that options name, behind others in a list of CEL: ", 'a', 'b'". .names: the options, with KEY or KEY=VALUE and commas between. */}}
{{- define "rebootd.keys" -}}
{{- $options := include "rebootd.options" .root | fromYaml -}}
{{- range .names -}}
{{- $given := get $options . -}}
{{- range (kindIs "slice" $given | ternary $given (list $given)) -}}
{{- range splitList "," (. | default "") -}}
{{- with splitList "=" . | first | trim -}}
, '{{ . }}'
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- define "rebootd.nodeLabelKeys" -}}{{ include "rebootd.keys" (dict "root" . "names" (list "pre-reboot-node-labels" "post-reboot-node-labels")) }}{{- end -}}
{{- define "rebootd.removedNodeLabelKeys" -}}{{ include "rebootd.keys" (dict "root" . "names" (list "request-label")) | trimPrefix ", " }}{{- end -}}
{{- define "rebootd.nodeAnnotationKeys" -}}{{ include "rebootd.keys" (dict "root" . "names" (list "before-reboot-hooks" "after-reboot-hooks")) }}{{- end -}}
{{- define "rebootd.lockAnnotationKeys" -}}{{ include "rebootd.keys" (dict "root" . "names" (list "lock-annotation")) }}{{- end -}}

{{/* Whether the daemons delete pods, which is a right of its own. */}}
{{- define "rebootd.deletesPods" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- if or .Values.rbac.deletePods (get $options "daemonset-stop-selector") (contains "delete" (get $options "drain-escalation" | default "")) (has (toString (get $options "disable-eviction")) (list "true" "1" "t" "T" "TRUE" "True")) }}true{{ end -}}
{{- end -}}

{{/* The namespaces of the templates of hook Jobs, each once, as a JSON list. */}}
{{- define "rebootd.hookJobNamespaces" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $namespaces := list -}}
{{- range list "before-reboot-job" "after-reboot-job" -}}
{{- with get $options . -}}
{{- $namespaces = append $namespaces (splitList "/" . | first) -}}
{{- end -}}
{{- end -}}
{{- $namespaces | uniq | toJson -}}
{{- end -}}

{{/* Whether the daemons restart Deployments, which is a right of its own. */}}
{{- define "rebootd.surges" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- if or .Values.rbac.surge (get $options "surge-selector") }}true{{ end -}}
{{- end -}}
