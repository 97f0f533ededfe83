{{- /* The environment of a component. Takes a list: root, component's values. */}}
{{- define "seedbed.environment" -}}
{{- $root := index . 0 -}}{{- $values := index . 1 -}}
{{- $service := $values.service -}}
{{- $asks := $values.asks | default list -}}
{{- $name := include "seedbed.name" $root -}}
- {name: SEEDBED_NATS_URL, value: "nats://{{ $name }}-nats:4222"}
- {name: SEEDBED_NATS_USER, value: {{ $service }}}
- {name: SEEDBED_NATS_PASSWORD_FILE, value: /run/secrets/nats_password_{{ $service }}}
- {name: SEEDBED_NATS_REPLICAS, value: {{ min 3 $root.Values.nats.replicas | quote }}}
- {name: SEEDBED_STORE_URL, value: {{ $root.Values.store.url | quote }}}
- {name: SEEDBED_STORE_ACCESS_KEY, value: {{ $root.Values.store.accessKey | quote }}}
- {name: SEEDBED_STORE_SECRET_KEY_FILE, value: /run/secrets/store_secret_key}
- {name: SEEDBED_API_TOKEN_FILE, value: /run/secrets/api_token}
{{- if has $service (list "runs" "taxonomy") }}
- {name: SEEDBED_ADMIN_TOKEN_FILE, value: /run/secrets/admin_token}
{{- end }}
- {name: SEEDBED_TAXONOMY_ADDRESS, value: "{{ $name }}-taxonomy:7400"}
- {name: SEEDBED_RUNS_ADDRESS, value: "{{ $name }}-runs:7400"}
- {name: SEEDBED_CONCURRENCY, value: {{ $root.Values.concurrency | int | quote }}}
{{- if and $values.slots $root.Values.autoscaling.enabled }}
- {name: SEEDBED_SLOTS, value: {{ $values.slots | int | quote }}}
{{- end }}
- {name: SEEDBED_GRACE, value: {{ $values.grace | default $root.Values.grace | int | quote }}}
{{- if ne $values.duty "all" }}
- {name: SEEDBED_DUTY, value: {{ $values.duty }}}
{{- end }}
- {name: SEEDBED_LOG_LEVEL, value: {{ $root.Values.logLevel }}}
{{- with $root.Values.otlpEndpoint }}
- {name: SEEDBED_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
- {name: SEEDBED_TRUST_CALLERS, value: {{ $root.Values.trustCallers | quote }}}
{{- if eq $service "taxonomy" }}
- {name: SEEDBED_INTERNAL_HOSTS, value: {{ $root.Values.internalHosts | quote }}}
{{- end }}
{{- if has "teacher" $asks }}
- {name: SEEDBED_TEACHER_URL, value: {{ include "seedbed.teacher" $root | quote }}}
- {name: SEEDBED_TEACHER_MODEL, value: {{ $root.Values.teacher.model | quote }}}
- {name: SEEDBED_TEACHER_CONTEXT, value: {{ $root.Values.teacher.context | int | quote }}}
{{- if ne $values.duty "desk" }}
- {name: SEEDBED_TEACHER_API_KEY_FILE, value: /run/secrets/teacher_api_key}
{{- end }}
- {name: SEEDBED_PROBE, value: {{ $root.Values.probe | quote }}}
{{- end }}
{{- if has "judge" $asks }}
- {name: SEEDBED_JUDGE_URL, value: {{ $root.Values.judge.url | quote }}}
- {name: SEEDBED_JUDGE_MODEL, value: {{ $root.Values.judge.model | quote }}}
{{- if ne $values.duty "desk" }}
- {name: SEEDBED_JUDGE_API_KEY_FILE, value: /run/secrets/judge_api_key}
{{- end }}
{{- end }}
{{- if $root.Values.tls.enabled }}
- {name: SEEDBED_TLS_CERT, value: /run/tls/tls.crt}
- {name: SEEDBED_TLS_KEY, value: /run/tls/tls.key}
- {name: SEEDBED_TLS_CA, value: /run/tls/ca.crt}
{{- if $root.Values.tls.mutual }}
- {name: SEEDBED_TLS_CLIENT_CA, value: /run/tls/ca.crt}
{{- end }}
{{- end }}
{{- if and $root.Values.hubSecret (has $service (list "trainer" "evaluator")) }}
{{- include "seedbed.hub" $root }}
{{- end }}
{{- range $key, $value := $root.Values.settings }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "seedbed.hub" }}
- {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: {{ .Values.hubSecret }}, key: token}}}
{{- end }}

{{- /* How a service is asked whether it lives: the kubelet itself speaks gRPC, but no TLS. */}}
{{- define "seedbed.probes" -}}
{{- $ask := "grpc: {port: 7400}" }}
{{- if .Values.tls.enabled }}{{ $ask = "exec: {command: [python, -m, seedbed.kernel.rpc.probe]}" }}{{ end -}}
# It waits for broker and store as long as they take to come up.
startupProbe: { {{ $ask }}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60}
readinessProbe: { {{ $ask }}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 2}
livenessProbe: { {{ $ask }}, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6}
{{- end }}

{{- /* The pods of a component: one container, what it is told and what it may see. Takes a list: root, component, its values. */}}
{{- define "seedbed.workload" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $values := index . 2 -}}
{{- $service := $values.service -}}
{{- $secrets := list "api_token" "store_secret_key" (printf "nats_password_%s" $service) }}
{{- if has $service (list "runs" "taxonomy") }}{{ $secrets = append $secrets "admin_token" }}{{ end }}
{{- if ne $values.duty "desk" }}
{{- range $values.asks }}{{ $secrets = append $secrets (printf "%s_api_key" .) }}{{ end }}
{{- end -}}
metadata:
  labels:
    {{- include "seedbed.labels" (list $root $component) | nindent 4 }}
spec:
  {{- include "seedbed.pod" (list $root $component) | nindent 2 }}
  {{- if eq $values.duty "errand" }}
  # What was in flight is queued again: another pod takes it up where it was saved.
  restartPolicy: Never
  {{- end }}
  # Longer than SEEDBED_GRACE: items in flight are finished or handed back before it is killed.
  terminationGracePeriodSeconds: {{ add ($values.grace | default $root.Values.grace) 15 }}
  {{- if $values.gpus }}
  {{- include "seedbed.gpu" $root | nindent 2 }}
  {{- end }}
  containers:
    - name: {{ $service }}
      image: {{ include "seedbed.image" (list $root $service) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      securityContext:
        {{- include "seedbed.container" $root | nindent 8 }}
      ports:
        - {name: grpc, containerPort: 7400}
      env:
        {{- include "seedbed.environment" (list $root $values) | nindent 8 }}
      {{- include "seedbed.probes" $root | nindent 6 }}
      resources:
        requests:
          {{- toYaml $values.resources.requests | nindent 10 }}
        limits:
          {{- toYaml $values.resources.limits | nindent 10 }}
          {{- with $values.gpus }}
          nvidia.com/gpu: {{ . }}
          {{- end }}
      volumeMounts:
        - {name: secrets, mountPath: /run/secrets, readOnly: true}
        - {name: cache, mountPath: /var/cache/seedbed}
        - {name: tmp, mountPath: /tmp}
        {{- if gt ($values.gpus | default 0 | int) 1 }}
        - {name: shm, mountPath: /dev/shm}
        {{- end }}
        {{- if $root.Values.tls.enabled }}
        - {name: tls, mountPath: /run/tls, readOnly: true}
        {{- end }}
  volumes:
    - name: secrets
      secret:
        secretName: {{ $root.Values.secret }}
        defaultMode: 0440
        items:
          {{- range $secrets }}
          - {key: {{ . }}, path: {{ . }}}
          {{- end }}
    - name: cache
      emptyDir: {sizeLimit: {{ $values.cache }}}
    - name: tmp
      emptyDir: {sizeLimit: 1Gi}
    {{- if gt ($values.gpus | default 0 | int) 1 }}
    # By which processes that train together exchange gradients.
    - name: shm
      emptyDir: {medium: Memory, sizeLimit: 4Gi}
    {{- end }}
    {{- if $root.Values.tls.enabled }}
    - name: tls
      secret: {secretName: {{ $root.Values.tls.secretPrefix }}-{{ $service }}, defaultMode: 0440}
    {{- end }}
{{- end }}
