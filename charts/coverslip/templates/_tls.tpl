{{/* Certificates: a pod's own at /tls, the authorities of your servers at /authorities. */}}

{{/* The Secret of a component's certificate, of (list root component); nothing where there are none. */}}
{{- define "coverslip.tlsSecret" -}}
{{- $root := index . 0 -}}
{{- if eq $root.Values.tls.type "certManager" }}{{ include "coverslip.fullname" $root }}-{{ index . 1 }}-tls
{{- else if eq $root.Values.tls.type "secret" }}{{ $root.Values.tls.secret | replace "{service}" (index . 1) }}{{ end -}}
{{- end }}

{{- define "coverslip.tlsEnv" -}}
{{- $root := index . 0 -}}
{{- if include "coverslip.tlsSecret" . }}
- {name: TLS_CA_FILE, value: /tls/ca.crt}
- {name: TLS_CERT_FILE, value: /tls/tls.crt}
- {name: TLS_KEY_FILE, value: /tls/tls.key}
{{- end }}
{{- if $root.Values.tls.authorities.configMap }}
- {name: NODE_EXTRA_CA_CERTS, value: /authorities/ca.crt}
{{- end }}
{{- end }}

{{- define "coverslip.tlsMounts" -}}
{{- $root := index . 0 -}}
{{- if include "coverslip.tlsSecret" . }}
- {name: tls-{{ index . 1 }}, mountPath: /tls, readOnly: true}
{{- end }}
{{- if $root.Values.tls.authorities.configMap }}
- {name: authorities, mountPath: /authorities, readOnly: true}
{{- end }}
{{- end }}

{{/* Of (list root component…). */}}
{{- define "coverslip.tlsVolumes" -}}
{{- $root := index . 0 -}}
{{- range $component := rest . }}
{{- with include "coverslip.tlsSecret" (list $root $component) }}
- {name: tls-{{ $component }}, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- end }}
{{- with $root.Values.tls.authorities }}
{{- if .configMap }}
- {name: authorities, configMap: {name: {{ .configMap }}, items: [{key: {{ .key }}, path: ca.crt}]}}
{{- end }}
{{- end }}
{{- end }}
