{{- /* The beginning of all names. Short enough for the longest ending. */}}
{{- define "keypaird.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "keypaird.selector" -}}
app.kubernetes.io/name: keypaird
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "keypaird.labels" -}}
{{ include "keypaird.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "keypaird.image" -}}
{{- $repository := required "image.repository must name where the image of deploy/Dockerfile was pushed to" .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- /* "keystone" or "embedded". */}}
{{- define "keypaird.identity" -}}
{{- dig "identity" "mode" "embedded" .Values.settings }}
{{- end }}

{{- /* The secrets that are mounted, as YAML: what they are called in values, and the file that each becomes. */}}
{{- define "keypaird.secretFiles" -}}
{{- if eq (include "keypaird.identity" .) "keystone" }}
{{- if not .Values.secrets.keystonePassword.secretName }}
{{- fail "secrets.keystonePassword.secretName must name the Secret with the password of the service's own user, as settings.identity.mode is \"keystone\"" }}
{{- end }}
keystonePassword: keystone-password
{{- else if .Values.secrets.bootstrapPassword.secretName }}
bootstrapPassword: bootstrap-password
{{- end }}
{{- if and .Values.secrets.migrationDatabase.secretName (not .Values.migrationJob.enabled) }}
{{- fail "secrets.migrationDatabase.secretName is for the migration's Job: set migrationJob.enabled to true" }}
{{- end }}
database: database-url
masterKey: master.key
{{- end }}

{{- /* When the Job migrates: before an installation only where the pods may not change the schema. Else they migrate by themselves. */}}
{{- define "keypaird.migrationHook" -}}
{{- ternary "pre-install,pre-upgrade" "pre-upgrade" (ne .Values.secrets.migrationDatabase.secretName "") }}
{{- end }}

{{- /* What the operator's listener speaks. */}}
{{- define "keypaird.adminScheme" -}}
{{- ternary "https" "http" (and (not (empty .Values.tls.secretName)) .Values.tls.admin) }}
{{- end }}

{{- /* The settings that are the chart's own. */}}
{{- define "keypaird.ownSettings" -}}
http:
  listen: 0.0.0.0:8774
  {{- with .Values.tls }}
  {{- if .secretName }}
  tls:
    certificate_file: /run/secrets/keypaird/tls.crt
    private_key_file: /run/secrets/keypaird/tls.key
    client_certificates: {{ .clientCertificates }}
    {{- if ne .clientCertificates "none" }}
    {{- $_ := required "tls.clientCa.configMapName must name the ConfigMap with the authorities of clients' certificates" .clientCa.configMapName }}
    client_ca_file: /etc/keypaird/client-ca.crt
    {{- end }}
  {{- end }}
  {{- end }}
  # Where a listener has no certificate, TLS ends at the proxy; the network policy lets nobody else in.
  allow_plain_http: {{ not (and .Values.tls.secretName .Values.tls.admin) }}
admin:
  # The kubelet asks for health by the pod's address.
  listen: 0.0.0.0:8775
  {{- if eq (include "keypaird.adminScheme" .) "https" }}
  tls:
    certificate_file: /run/secrets/keypaird/tls.crt
    private_key_file: /run/secrets/keypaird/tls.key
  {{- end }}
data:
  dir: /var/lib/keypaird
database:
  url_file: /run/secrets/keypaird/database-url
vault:
  master_key_file: /run/secrets/keypaird/master.key
{{- $files := include "keypaird.secretFiles" . | fromYaml }}
identity:
  {{- if $files.bootstrapPassword }}
  bootstrap_password_file: /run/secrets/keypaird/bootstrap-password
  {{- end }}
  {{- if $files.keystonePassword }}
  keystone:
    password_file: /run/secrets/keypaird/keystone-password
    {{- if .Values.keystoneCa.configMapName }}
    cafile: /etc/keypaird/keystone-ca.crt
    {{- end }}
  {{- end }}
{{- end }}

{{- /* keypaird.toml: a line for each setting. */}}
{{- define "keypaird.toml" -}}
{{- $settings := mergeOverwrite (deepCopy .Values.settings) (include "keypaird.ownSettings" . | fromYaml) }}
{{- include "keypaird.tomlLines" (dict "prefix" "" "settings" $settings) }}
{{- end }}

{{- define "keypaird.tomlLines" -}}
{{- range $name, $value := .settings }}
{{- if kindIs "map" $value }}
{{- include "keypaird.tomlLines" (dict "prefix" (printf "%s%s." $.prefix $name) "settings" $value) }}
{{- else if not (kindIs "invalid" $value) }}
{{- /* Numbers of YAML are floating-point here, and all of the settings' are whole. */}}
{{- printf "%s%s = %s\n" $.prefix $name (ternary ($value | toString) ($value | toJson) (kindIs "float64" $value)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "keypaird.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# The group may read the mounted secrets, which are root's.
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "keypaird.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Which settings a command runs on. */}}
{{- define "keypaird.configArguments" -}}
- --config
- /etc/keypaird/keypaird.toml
{{- end }}

{{- define "keypaird.volumeMounts" -}}
- name: settings
  mountPath: /etc/keypaird
  readOnly: true
- name: secrets
  mountPath: /run/secrets/keypaird
  readOnly: true
- name: data
  mountPath: /var/lib/keypaird
{{- end }}

{{- /* `configMap` is the name of the one with the settings; `secrets` is what is mounted of keypaird.secretFiles, `tls` the Secret
with the certificate, if any. */}}
{{- define "keypaird.volumes" -}}
- name: settings
  projected:
    sources:
      - configMap:
          name: {{ .configMap }}
      {{- with .root.Values.keystoneCa }}
      {{- if .configMapName }}
      - configMap:
          name: {{ .configMapName }}
          items:
            - {key: {{ .key | quote }}, path: keystone-ca.crt}
      {{- end }}
      {{- end }}
      {{- with .root.Values.tls.clientCa }}
      {{- if and $.tls .configMapName }}
      - configMap:
          name: {{ .configMapName }}
          items:
            - {key: {{ .key | quote }}, path: client-ca.crt}
      {{- end }}
      {{- end }}
- name: secrets
  projected:
    defaultMode: 0400
    sources:
      {{- with .tls }}
      - secret:
          name: {{ . }}
          items:
            - {key: tls.crt, path: tls.crt}
            - {key: tls.key, path: tls.key}
      {{- end }}
      {{- range $name, $file := .secrets }}
      {{- $secret := get $.root.Values.secrets $name }}
      - secret:
          name: {{ $secret.secretName }}
          items:
            - {key: {{ $secret.key | quote }}, path: {{ $file }}}
      {{- end }}
# The first start writes clouds.yaml and openrc with passwords: memory, and no disk.
- name: data
  emptyDir:
    medium: Memory
    sizeLimit: 4Mi
{{- end }}
