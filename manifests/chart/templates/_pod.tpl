{{/*
Volumes of Secrets that values refer to, as a list of {volume, secret, args}: secrets.prometheusCa is mounted at
/etc/rebootd/prometheus-ca, and --prometheus-ca-file names the file in it.
*/}}
{{- define "rebootd.secretVolumes" -}}
{{- $volumes := list -}}
{{- $rows := dict "notifyUrls" "notify-url-file" "prometheusBearerToken" "prometheus-bearer-token-file" "prometheusBasicAuth" "prometheus-basic-auth-file" "prometheusCa" "prometheus-ca-file" "metricsBearerToken" "metrics-bearer-token-file" -}}
{{- range $key, $option := $rows -}}
{{- with get $.Values.secrets $key -}}
{{- $volume := trimSuffix "-file" $option -}}
{{- $volumes = append $volumes (dict "volume" $volume "secret" .name "args" (list (printf "--%s=/etc/rebootd/%s/%s" $option $volume .key))) -}}
{{- end -}}
{{- end -}}
{{- with .Values.secrets.metricsTls -}}
{{- $args := list "--metrics-tls-cert-file=/etc/rebootd/metrics-tls/tls.crt" "--metrics-tls-key-file=/etc/rebootd/metrics-tls/tls.key" -}}
{{- $volumes = append $volumes (dict "volume" "metrics-tls" "secret" .name "args" $args) -}}
{{- end -}}
{{- toYaml $volumes -}}
{{- end -}}

{{/*
The sentinel that an option names, as {path, folder}: its path in the container, and the folder of the host to mount for it. Nothing where
it is the usual one, which the daemon sees in the host's /run anyway. A folder that volumeMounts has is not mounted again.
*/}}
{{- define "rebootd.sentinel" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $path := get $options "reboot-sentinel" -}}
{{- $isMounted := false -}}
{{- range .Values.volumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) ($path | default "") -}}{{- $isMounted = true -}}{{- end -}}
{{- end -}}
{{- if or (not $path) (hasKey $options "reboot-sentinel-command") -}}
{{- else if $isMounted -}}
path: {{ $path }}
{{- else if regexMatch "^(/var)?/run/reboot-required$" $path -}}
{{- else if regexMatch "^(/var)?/run/" $path -}}
{{- if .Values.security.mirror -}}
{{- fail (printf "security.mirror and configuration.rebootSentinel=%s are mutually exclusive: the mirror has no other sentinel than reboot-required" $path) -}}
{{- end -}}
path: {{ regexReplaceAll "^(/var)?/run/" $path "/host/run/" }}
{{- else -}}
path: /sentinel/{{ base $path }}
folder: {{ dir $path }}
{{- end -}}
{{- end -}}

{{/* The arguments of the daemon. */}}
{{- define "rebootd.args" -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $lock := include "rebootd.lock" . | fromYaml -}}
{{- $sentinel := include "rebootd.sentinel" . | fromYaml -}}
{{- $secrets := include "rebootd.secretOptions" . | fromYaml -}}
{{- $args := list "run" -}}
{{- range list "namespace=$(POD_NAMESPACE)" "run-path=/host/run" "dbus-socket=/run/dbus/system_bus_socket" -}}
{{- if not (hasKey $options (splitList "=" . | first)) -}}
{{- $args = append $args (printf "--%s" .) -}}
{{- end -}}
{{- end -}}
{{- if and $lock.isOurs (ne $lock.name "rebootd") -}}
{{- $args = append $args (printf "--lock-object=lease/%s" $lock.name) -}}
{{- end -}}
{{- with $sentinel.path -}}
{{- $args = append $args (printf "--reboot-sentinel=%s" .) -}}
{{- end -}}
{{- range include "rebootd.secretVolumes" . | fromYamlArray -}}
{{- $args = concat $args .args -}}
{{- end -}}
{{- $elsewhere := concat (list "reboot-method" "reboot-sentinel") (keys $secrets) -}}
{{- range $name, $given := $options -}}
{{- if not (has $name $elsewhere) -}}
{{- range (kindIs "slice" $given | ternary $given (list $given)) -}}
{{- $args = append $args (printf "--%s=%s" $name (include "rebootd.text" (dict "name" $name "value" .))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/* Fields over others: the chart's, and those of the values. */}}
{{- define "rebootd.podSecurityContext" -}}
{{- $context := dict "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- if .Values.security.seccomp -}}
{{- $_ := set $context "seccompProfile" (dict "type" "Localhost" "localhostProfile" "rebootd.json") -}}
{{- end -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version -}}
{{- $profile := .Values.security.apparmor | ternary (dict "type" "Localhost" "localhostProfile" "rebootd") (dict "type" "Unconfined") -}}
{{- $_ := set $context "appArmorProfile" $profile -}}
{{- end -}}
{{- toYaml (mergeOverwrite $context .Values.podSecurityContext) -}}
{{- end -}}

{{- define "rebootd.containerSecurityContext" -}}
{{- $runsCommands := include "rebootd.runsCommands" . -}}
{{- $given := .Values.containerSecurityContext -}}
{{- $context := dict "runAsUser" 0 "readOnlyRootFilesystem" true -}}
{{- if $runsCommands -}}
{{- range list "rootless" "apparmor" -}}
{{- if get $.Values.security . -}}
{{- fail (printf "security.%s and commands on the host are mutually exclusive: it needs configuration.rebootMethod=logind, and neither rebootSentinelCommand nor os=rhel or os=auto" .) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $context "privileged" true -}}
{{- else if not $given.privileged -}}
{{- $context = merge $context (dict "allowPrivilegeEscalation" false "capabilities" (dict "drop" (list "ALL"))) -}}
{{- end -}}
{{- if .Values.security.rootless -}}
{{- $context = mergeOverwrite $context (dict "runAsUser" 473 "runAsGroup" 473 "runAsNonRoot" true) -}}
{{- end -}}
{{- if .Values.security.selinux -}}
{{- $_ := set $context "seLinuxOptions" (dict "type" "spc_t") -}}
{{- end -}}
{{- toYaml (mergeOverwrite $context $given) -}}
{{- end -}}

{{/* A probe of the values. That of kured's chart reads /metrics, which a daemon that hangs may still answer. */}}
{{- define "rebootd.probe" -}}
{{- $probe := deepCopy .probe -}}
{{- if and $probe.httpGet (eq (get $probe.httpGet "path" | default "") "/metrics") -}}
{{- $_ := set $probe.httpGet "path" .path -}}
{{- end -}}
{{- if and $probe.httpGet (contains "--metrics-tls-cert-file=" .args) -}}
{{- $_ := set $probe.httpGet "scheme" "HTTPS" -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* The spec of the pods. .once: of one pod that prints what the daemon would do, and ends. */}}
{{- define "rebootd.podSpec" -}}
{{- $root := .root -}}
{{- $once := .once -}}
{{- with .root -}}
{{- $args := include "rebootd.args" . -}}
{{- $options := include "rebootd.options" . | fromYaml -}}
{{- $sentinel := include "rebootd.sentinel" . | fromYaml -}}
{{- $secretVolumes := include "rebootd.secretVolumes" . | fromYamlArray -}}
{{- $usesDbus := ne (include "rebootd.method" .) "signal" -}}
{{- $port := hasKey $options "metrics-port" | ternary (get $options "metrics-port") 8080 | toString -}}
{{- if eq $port "0" -}}
{{- fail "invalid value 0 for configuration.metricsPort: must be a port from 1 to 65535, for example 8080, which the probes ask" -}}
{{- end -}}
serviceAccountName: {{ include "rebootd.serviceAccountName" . }}
{{- if $once }}
restartPolicy: Never
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.controlPlane .Values.tolerations }}
tolerations:
  {{- if .Values.controlPlane }}
  - key: node-role.kubernetes.io/control-plane
    operator: Exists
    effect: NoSchedule
  - key: node-role.kubernetes.io/master
    operator: Exists
    effect: NoSchedule
  - key: node-role.kubernetes.io/controlplane
    operator: Exists
    effect: NoSchedule
  - key: node-role.kubernetes.io/etcd
    operator: Exists
    effect: NoExecute
  {{- end }}
  {{- with .Values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
# A Service with the name rebootd-metrics would set REBOOTD_METRICS_PORT.
enableServiceLinks: false
terminationGracePeriodSeconds: 10
{{- if .Values.hostNetwork }}
hostNetwork: true
dnsPolicy: ClusterFirstWithHostNet
{{- end }}
{{- if or (include "rebootd.runsCommands" .) (not $usesDbus) }}
hostPID: true
{{- end }}
securityContext:
  {{- include "rebootd.podSecurityContext" . | nindent 2 }}
{{- with .Values.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: rebootd
    image: {{ include "rebootd.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      {{- $args | nindent 6 }}
      {{- if $once }}
      - --once=true
      {{- end }}
    env:
      - name: REBOOTD_REBOOT_METHOD
        value: {{ include "rebootd.method" . }}
      - name: REBOOTD_NODE_ID
        valueFrom:
          fieldRef:
            fieldPath: spec.nodeName
      - name: POD_NAMESPACE
        valueFrom:
          fieldRef:
            fieldPath: metadata.namespace
      {{- if .Values.kured.lock }}
      - name: REBOOTD_LOCK_OBJECT
        value: daemonset/{{ .Values.kured.name }}
      - name: REBOOTD_DS_NAMESPACE
        value: {{ .Values.kured.namespace | default .Release.Namespace }}
      {{- end }}
      {{- range $name, $_ := include "rebootd.secretOptions" . | fromYaml }}
      - name: REBOOTD_{{ $name | upper | replace "-" "_" }}
        valueFrom:
          secretKeyRef:
            name: {{ include "rebootd.fullname" $root }}
            key: {{ $name }}
      {{- end }}
      {{- with .Values.secrets.slackHookUrl }}
      - name: REBOOTD_SLACK_HOOK_URL
        valueFrom:
          secretKeyRef:
            name: {{ .name }}
            key: {{ .key }}
      {{- end }}
      {{- range .Values.extraEnvVars }}
      - {{ merge (dict "name" (regexReplaceAll "^KURED_" .name "REBOOTD_")) . | toYaml | nindent 8 | trim }}
      {{- end }}
    {{- if not $once }}
    ports:
      - name: metrics
        containerPort: {{ $port }}
    {{- with .Values.livenessProbe }}
    livenessProbe:
      {{- include "rebootd.probe" (dict "probe" . "path" "/healthz" "args" $args) | nindent 6 }}
    {{- end }}
    {{- with .Values.readinessProbe }}
    readinessProbe:
      {{- include "rebootd.probe" (dict "probe" . "path" "/readyz" "args" $args) | nindent 6 }}
    {{- end }}
    {{- end }}
    {{- with .Values.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- include "rebootd.containerSecurityContext" . | nindent 6 }}
    volumeMounts:
      - name: run
        mountPath: /host/run
        readOnly: true
        recursiveReadOnly: IfPossible
      {{- if $usesDbus }}
      - name: dbus
        mountPath: /run/dbus
        readOnly: true
        recursiveReadOnly: IfPossible
      {{- end }}
      {{- if $sentinel.folder }}
      - name: sentinel
        mountPath: /sentinel
        readOnly: true
        recursiveReadOnly: IfPossible
      {{- end }}
      {{- range $secretVolumes }}
      - name: {{ .volume }}
        mountPath: /etc/rebootd/{{ .volume }}
        readOnly: true
      {{- end }}
      {{- with .Values.volumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: run
    hostPath:
      path: {{ .Values.security.mirror | ternary "/run/rebootd" "/var/run" }}
      type: Directory
  {{- if $usesDbus }}
  - name: dbus
    hostPath:
      path: /run/dbus
      type: Directory
  {{- end }}
  {{- with $sentinel.folder }}
  - name: sentinel
    hostPath:
      path: {{ . }}
      type: Directory
  {{- end }}
  {{- range $secretVolumes }}
  - name: {{ .volume }}
    secret:
      secretName: {{ .secret }}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}
