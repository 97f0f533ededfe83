{{- /* The environment of a service. Takes a list: root, service, whom it asks. */}}
{{- define "seedbed.environment" -}}
{{- $root := index . 0 -}}{{- $service := index . 1 -}}
{{- $name := include "seedbed.name" $root -}}
- {name: SEEDBED_NATS_URL, value: "nats://{{ $name }}-nats:4222"}
- {name: SEEDBED_NATS_USER, value: {{ $service }}}
- {name: SEEDBED_NATS_PASSWORD_FILE, value: /run/secrets/nats_password_{{ $service }}}
- {name: SEEDBED_NATS_REPLICAS, value: {{ min 3 $root.Values.nats.replicas | quote }}}
- {name: SEEDBED_STORE_URL, value: {{ $root.Values.store.url | quote }}}
- {name: SEEDBED_STORE_ACCESS_KEY, value: {{ $root.Values.store.accessKey | quote }}}
- {name: SEEDBED_STORE_SECRET_KEY_FILE, value: /run/secrets/store_secret_key}
- {name: SEEDBED_API_TOKEN_FILE, value: /run/secrets/api_token}
- {name: SEEDBED_TAXONOMY_ADDRESS, value: "{{ $name }}-taxonomy:7400"}
- {name: SEEDBED_RUNS_ADDRESS, value: "{{ $name }}-runs:7400"}
- {name: SEEDBED_CONCURRENCY, value: {{ $root.Values.concurrency | int | quote }}}
- {name: SEEDBED_GRACE, value: {{ $root.Values.grace | int | quote }}}
- {name: SEEDBED_LOG_LEVEL, value: {{ $root.Values.logLevel }}}
{{- with $root.Values.otlpEndpoint }}
- {name: SEEDBED_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- if eq $service "taxonomy" }}
- {name: SEEDBED_TRUST_CALLERS, value: {{ $root.Values.trustCallers | quote }}}
- {name: SEEDBED_INTERNAL_HOSTS, value: {{ $root.Values.internalHosts | quote }}}
{{- end }}
{{- if has "teacher" (index . 2) }}
- {name: SEEDBED_TEACHER_URL, value: {{ include "seedbed.teacher" $root | quote }}}
- {name: SEEDBED_TEACHER_MODEL, value: {{ $root.Values.teacher.model | quote }}}
- {name: SEEDBED_TEACHER_CONTEXT, value: {{ $root.Values.teacher.context | int | quote }}}
- {name: SEEDBED_TEACHER_API_KEY_FILE, value: /run/secrets/teacher_api_key}
- {name: SEEDBED_PROBE, value: {{ $root.Values.probe | quote }}}
{{- end }}
{{- if has "judge" (index . 2) }}
- {name: SEEDBED_JUDGE_URL, value: {{ $root.Values.judge.url | quote }}}
- {name: SEEDBED_JUDGE_MODEL, value: {{ $root.Values.judge.model | quote }}}
- {name: SEEDBED_JUDGE_API_KEY_FILE, value: /run/secrets/judge_api_key}
{{- end }}
{{- if $root.Values.tls.enabled }}
- {name: SEEDBED_TLS_CERT, value: /run/tls/tls.crt}
- {name: SEEDBED_TLS_KEY, value: /run/tls/tls.key}
- {name: SEEDBED_TLS_CA, value: /run/tls/ca.crt}
{{- if $root.Values.tls.mutual }}
- {name: SEEDBED_TLS_CLIENT_CA, value: /run/tls/ca.crt}
{{- end }}
{{- end }}
{{- range $key, $value := $root.Values.settings }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- /* How a service is asked whether it lives: the kubelet itself speaks gRPC, but no TLS. */}}
{{- define "seedbed.probes" -}}
{{- $ask := "grpc: {port: 7400}" }}
{{- if .Values.tls.enabled }}{{ $ask = "exec: {command: [python, -m, seedbed.kernel.probe]}" }}{{ end -}}
# It waits for broker and store as long as they take to come up.
startupProbe: { {{ $ask }}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60}
readinessProbe: { {{ $ask }}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 2}
livenessProbe: { {{ $ask }}, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6}
{{- end }}
