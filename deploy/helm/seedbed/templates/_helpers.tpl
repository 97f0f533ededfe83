{{- define "seedbed.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- $name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Labels that select; `component` is the service. Takes a list: root, component. */}}
{{- define "seedbed.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* Pods of a component, as a peer of a NetworkPolicy. Takes a list: root, component. */}}
{{- define "seedbed.peer" -}}
{podSelector: {matchLabels: {{ include "seedbed.selector" . | fromYaml | toJson }}}}
{{- end }}

{{- define "seedbed.labels" -}}
{{ include "seedbed.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{- define "seedbed.metadata" -}}
name: {{ include "seedbed.name" (index . 0) }}-{{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "seedbed.labels" . | nindent 2 }}
{{- end }}

{{- define "seedbed.image" -}}
{{- $root := index . 0 -}}{{- $service := index . 1 -}}
{{- $image := printf "%s/%s" $root.Values.image.registry $service -}}
{{- with index $root.Values.image.digests $service }}{{ $image }}@{{ . }}{{ else }}{{ $image }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* What every pod of ours has: nobody's user, no token, spread over machines. Takes a list: root, component. */}}
{{- define "seedbed.pod" -}}
serviceAccountName: {{ include "seedbed.name" (index . 0) }}-{{ index . 1 }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "seedbed.selector" . | nindent 8 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "seedbed.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Where the teacher is: one that is named, or the vLLM of this chart. */}}
{{- define "seedbed.teacher" -}}
{{- if .Values.teacher.url }}{{ .Values.teacher.url }}
{{- else if .Values.vllm.enabled }}http://{{ include "seedbed.name" . }}-vllm:8000/v1
{{- else }}{{ fail "no teacher: name one as teacher.url, or set vllm.enabled" }}{{ end }}
{{- end }}

{{- define "seedbed.monitoring" -}}
{{ include "seedbed.name" . }}-nats.{{ .Release.Namespace }}.svc.cluster.local:8222
{{- end }}

{{- /* One trigger: the lag of a step, as its consumer on the broker has it. Takes a list: root, step, slots. */}}
{{- define "seedbed.lag" -}}
- type: nats-jetstream
  metadata:
    natsServerMonitoringEndpoint: {{ include "seedbed.monitoring" (index . 0) | quote }}
    account: SEEDBED
    stream: WORK
    consumer: {{ index . 1 | replace "." "_" }}
    lagThreshold: {{ index . 2 | int | quote }}
{{- end }}

{{- /* The services that are there, by name. */}}
{{- define "seedbed.services" -}}
{{- $found := dict }}
{{- range $service, $values := .Values.services }}
{{- if dig "enabled" true $values }}{{ $found = set $found $service $values }}{{ end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- /* What runs, by component. Where KEDA scales, work that wants a GPU is parted from the service's desk: it
comes as a job, an errand, when something is queued, and goes when nothing is. */}}
{{- define "seedbed.components" -}}
{{- $root := . }}
{{- $found := dict }}
{{- range $service, $values := include "seedbed.services" . | fromYaml }}
{{- $whole := merge (dict "service" $service "duty" "all") $values }}
{{- if not $values.work }}
{{- $found = set $found $service $whole }}
{{- else if $root.Values.autoscaling.enabled }}
{{- $found = set $found $service (set $whole "duty" "desk") }}
{{- $errand := merge (dict "service" $service "duty" "errand") $values.work (pick $values "asks" "steps") }}
{{- $found = set $found (printf "%s-errand" $service) $errand }}
{{- else }}
{{- $found = set $found $service (merge (dict "service" $service "duty" "all") $values.work $values) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "seedbed.gpu" -}}
{{- with .Values.gpu.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.gpu.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
