package apiserver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStatuses is what kube-apiserver v1.36 answers to requests that are wrong, word for word: code, reason, message,
// details and causes. Each row was put to both servers.
func TestStatuses(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/namespaces/default/configmaps", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}`)
	h.must("POST", "/api/v1/namespaces/default/configmaps", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"im"},"data":{"k":"v"},"immutable":true}`)
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"k":"dg=="},"immutable":true}`)
	h.must("POST", "/apis/apps/v1/namespaces/default/deployments", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`)
	h.must("POST", "/api/v1/namespaces/default/pods", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}`)
	for _, c := range []struct{ what, call, media, body, want string }{
		{"unknown resource", `GET /api/v1/namespaces/default/foos`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"unknown version", `GET /apis/apps/v9/namespaces/default/deployments`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"missing", `GET /api/v1/namespaces/default/configmaps/nope`, "", "",
			`{"message":"configmaps \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"configmaps"},"code":404}`},
		{"missing namespace get", `GET /api/v1/namespaces/nope`, "", "",
			`{"message":"namespaces \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"namespaces"},"code":404}`},
		{"missing deploy", `GET /apis/apps/v1/namespaces/default/deployments/nope`, "", "",
			`{"message":"deployments.apps \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"apps","kind":"deployments"},"code":404}`},
		{"unknown subresource", `GET /api/v1/namespaces/default/configmaps/a/status`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"post to object", `POST /api/v1/namespaces/default/configmaps/a`, "", `{}`,
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"put to collection", `PUT /api/v1/namespaces/default/configmaps`, "", `{}`,
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"patch to collection", `PATCH /api/v1/namespaces/default/configmaps`, `application/merge-patch+json`, `{}`,
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"delete nopath", `DELETE /api/v1/namespaces/default/configmaps/nope`, "", "",
			`{"message":"configmaps \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"configmaps"},"code":404}`},
		{"method not allowed", `POST /api/v1/namespaces/default/pods/p/status`, "", `{}`,
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"binding get", `GET /api/v1/namespaces/default/pods/p/binding`, "", "",
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"create in missing ns", `POST /api/v1/namespaces/nope/configmaps`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"namespaces \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"namespaces"},"code":404}`},
		{"empty body", `POST /api/v1/namespaces/default/configmaps`, "", "",
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)","reason":"BadRequest","code":400}`},
		{"garbage", `POST /api/v1/namespaces/default/configmaps`, "", `hello`,
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)","reason":"BadRequest","code":400}`},
		{"null", `POST /api/v1/namespaces/default/configmaps`, "", `null`,
			`{"message":"ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required","reason":"Invalid","details":{"kind":"ConfigMap","causes":[{"reason":"FieldValueRequired","message":"Required value: name or generateName is required","field":"metadata.name"}]},"code":422}`},
		{"truncated", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":`,
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({\"metadata\":)","reason":"BadRequest","code":400}`},
		{"wrong type data", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x"},"data":{"a":1}}`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string","reason":"BadRequest","code":400}`},
		{"wrong type labels", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","labels":["a"]}}`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string","reason":"BadRequest","code":400}`},
		{"wrong type list", `POST /api/v1/namespaces/default/pods`, "", `{"metadata":{"name":"x"},"spec":{"containers":"no"}}`,
			`{"message":"Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container","reason":"BadRequest","code":400}`},
		{"wrong type metadata", `POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers`, "", `{"metadata":[]}`,
			`{"message":"HorizontalPodAutoscaler in version \"v2\" cannot be handled as a HorizontalPodAutoscaler: json: cannot unmarshal array into Go struct field HorizontalPodAutoscaler.metadata of type v1.ObjectMeta","reason":"BadRequest","code":400}`},
		{"wrong type map", `POST /api/v1/namespaces/default/pods`, "", `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":["cpu"]}}]}}`,
			`{"message":"Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList","reason":"BadRequest","code":400}`},
		{"wrong type int", `POST /apis/apps/v1/namespaces/default/deployments`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":"1","selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32","reason":"BadRequest","code":400}`},
		{"float int", `POST /apis/apps/v1/namespaces/default/deployments`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1.5,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32","reason":"BadRequest","code":400}`},
		{"int32 overflow", `POST /apis/apps/v1/namespaces/default/deployments`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":99999999999,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32","reason":"BadRequest","code":400}`},
		{"bad quantity", `POST /api/v1/namespaces/default/pods`, "", `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"abc"}}}]}}`,
			`{"message":"Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'","reason":"BadRequest","code":400}`},
		{"bad time", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","creationTimestamp":"yesterday"}}`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"","reason":"BadRequest","code":400}`},
		{"bad base64", `POST /api/v1/namespaces/default/secrets`, "", `{"metadata":{"name":"x"},"data":{"a":"!!"}}`,
			`{"message":"Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0","reason":"BadRequest","code":400}`},
		{"other kind", `POST /api/v1/namespaces/default/configmaps`, "", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}`,
			`{"message":"Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion","reason":"BadRequest","code":400}`},
		{"other group", `POST /api/v1/namespaces/default/configmaps`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion","reason":"BadRequest","code":400}`},
		{"bad yaml", `POST /api/v1/namespaces/default/configmaps`, `application/yaml`, `a: b: c`,
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): yaml: mapping values are not allowed in this context (613a20623a2063)","reason":"BadRequest","code":400}`},
		{"yaml tabs", `POST /api/v1/namespaces/default/configmaps`, `application/yaml`, "a:\n\t- b",
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): yaml: line 2: found character that cannot start any token (613a0a092d2062)","reason":"BadRequest","code":400}`},
		{"unsupported ct", `POST /api/v1/namespaces/default/configmaps`, `text/plain`, `{}`,
			`{"message":"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf","reason":"UnsupportedMediaType","code":415}`},
		{"cbor", `POST /api/v1/namespaces/default/configmaps`, `application/cbor`, `{}`,
			`{"message":"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf","reason":"UnsupportedMediaType","code":415}`},
		{"not protobuf", `POST /api/v1/namespaces/default/configmaps`, `application/vnd.kubernetes.protobuf`, `hello`,
			`{"message":"the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (68656c6c6f)","reason":"BadRequest","code":400}`},
		{"no name", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{}}`,
			`{"message":"ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required","reason":"Invalid","details":{"kind":"ConfigMap","causes":[{"reason":"FieldValueRequired","message":"Required value: name or generateName is required","field":"metadata.name"}]},"code":422}`},
		{"bad name", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"A_b"}}`,
			`{"message":"ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')","reason":"Invalid","details":{"name":"A_b","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')","field":"metadata.name"}]},"code":422}`},
		{"bad annotation", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","annotations":{"a b":"c d"}}}`,
			`{"message":"ConfigMap \"x\" is invalid: metadata.annotations: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')","reason":"Invalid","details":{"name":"x","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')","field":"metadata.annotations"}]},"code":422}`},
		{"bad finalizer", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","finalizers":["x"]}}`,
			`{"message":"ConfigMap \"x\" is invalid: metadata.finalizers[0]: Invalid value: \"x\": name is neither a standard finalizer name nor is it fully qualified","reason":"Invalid","details":{"name":"x","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"x\": name is neither a standard finalizer name nor is it fully qualified","field":"metadata.finalizers[0]"}]},"code":422}`},
		{"namespace mismatch", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","namespace":"other"}}`,
			`{"message":"the namespace of the provided object does not match the namespace sent on the request","reason":"BadRequest","code":400}`},
		{"rv on create", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","resourceVersion":"5"}}`,
			`{"message":"resourceVersion should not be set on objects to be created","code":500}`},
		{"rv on create of what is there", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"a","resourceVersion":"5"}}`,
			`{"message":"resourceVersion should not be set on objects to be created","code":500}`},
		{"rv on create of what is not valid", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"resourceVersion":"5"}}`,
			`{"message":"ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required","reason":"Invalid","details":{"kind":"ConfigMap","causes":[{"reason":"FieldValueRequired","message":"Required value: name or generateName is required","field":"metadata.name"}]},"code":422}`},
		{"exists", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"a"}}`,
			`{"message":"configmaps \"a\" already exists","reason":"AlreadyExists","details":{"name":"a","kind":"configmaps"},"code":409}`},
		{"owner refs bad", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","ownerReferences":[{"apiVersion":"","kind":"","name":"","uid":""}]}}`,
			`{"message":"ConfigMap \"x\" is invalid: [metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty, metadata.ownerReferences.kind: Invalid value: \"\": must not be empty, metadata.ownerReferences.name: Invalid value: \"\": must not be empty, metadata.ownerReferences.uid: Invalid value: \"\": must not be empty]","reason":"Invalid","details":{"name":"x","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"\": version must not be empty","field":"metadata.ownerReferences.apiVersion"},{"reason":"FieldValueInvalid","message":"Invalid value: \"\": must not be empty","field":"metadata.ownerReferences.kind"},{"reason":"FieldValueInvalid","message":"Invalid value: \"\": must not be empty","field":"metadata.ownerReferences.name"},{"reason":"FieldValueInvalid","message":"Invalid value: \"\": must not be empty","field":"metadata.ownerReferences.uid"}]},"code":422}`},
		{"two controllers", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"1","controller":true},{"apiVersion":"v1","kind":"Pod","name":"q","uid":"2","controller":true}]}}`,
			`{"message":"ConfigMap \"x\" is invalid: metadata.ownerReferences: Invalid value: [{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"1\",\"controller\":true},{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"q\",\"uid\":\"2\",\"controller\":true}]: Only one reference can have Controller set to true. Found \"true\" in references for Pod/p and Pod/q","reason":"Invalid","details":{"name":"x","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: [{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"1\",\"controller\":true},{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"q\",\"uid\":\"2\",\"controller\":true}]: Only one reference can have Controller set to true. Found \"true\" in references for Pod/p and Pod/q","field":"metadata.ownerReferences"}]},"code":422}`},
		{"event owner", `POST /api/v1/namespaces/default/configmaps`, "", `{"metadata":{"name":"x","ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"p","uid":"1"}]}}`,
			`{"message":"ConfigMap \"x\" is invalid: metadata.ownerReferences: Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"p\",\"uid\":\"1\"}: /v1, Kind=Event is disallowed from being an owner","reason":"Invalid","details":{"name":"x","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"p\",\"uid\":\"1\"}: /v1, Kind=Event is disallowed from being an owner","field":"metadata.ownerReferences"}]},"code":422}`},
		{"deploy no selector", `POST /apis/apps/v1/namespaces/default/deployments`, "", `{"metadata":{"name":"x"},"spec":{"template":{}}}`,
			"{\"message\":\"Deployment.apps \\\"x\\\" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]\",\"reason\":\"Invalid\",\"details\":{\"name\":\"x\",\"group\":\"apps\",\"kind\":\"Deployment\",\"causes\":[{\"reason\":\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"spec.selector\"},{\"reason\":\"FieldValueInvalid\",\"message\":\"Invalid value: null: `selector` does not match template `labels`\",\"field\":\"spec.template.metadata.labels\"},{\"reason\":\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"spec.template.spec.containers\"}]},\"code\":422}"},
		{"deploy mismatch", `POST /apis/apps/v1/namespaces/default/deployments`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"other"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`,
			"{\"message\":\"Deployment.apps \\\"x\\\" is invalid: spec.template.metadata.labels: Invalid value: {\\\"app\\\":\\\"other\\\"}: `selector` does not match template `labels`\",\"reason\":\"Invalid\",\"details\":{\"name\":\"x\",\"group\":\"apps\",\"kind\":\"Deployment\",\"causes\":[{\"reason\":\"FieldValueInvalid\",\"message\":\"Invalid value: {\\\"app\\\":\\\"other\\\"}: `selector` does not match template `labels`\",\"field\":\"spec.template.metadata.labels\"}]},\"code\":422}"},
		{"pod empty", `POST /api/v1/namespaces/default/pods`, "", `{"metadata":{"name":"x"},"spec":{}}`,
			`{"message":"Pod \"x\" is invalid: spec.containers: Required value","reason":"Invalid","details":{"name":"x","kind":"Pod","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.containers"}]},"code":422}`},
		{"dryRun bad", `POST /api/v1/namespaces/default/configmaps?dryRun=Some`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueNotSupported","message":"Unsupported value: [\"Some\"]: supported values: \"All\"","field":"dryRun"}]},"code":422}`},
		{"fieldValidation bad", `POST /api/v1/namespaces/default/configmaps?fieldValidation=Foo`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Foo\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueNotSupported","message":"Unsupported value: \"Foo\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"","field":"fieldValidation"}]},"code":422}`},
		{"fieldManager long", `POST /api/v1/namespaces/default/configmaps?fieldManager=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueTooLong","message":"Too long: may not be more than 128 bytes","field":"fieldManager"}]},"code":422}`},
		{"fieldManager ctl", `POST /api/v1/namespaces/default/configmaps?fieldManager=a%01b`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\x01b\": invalid character U+0001 (at position 1)","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"a\\x01b\": invalid character U+0001 (at position 1)","field":"fieldManager"}]},"code":422}`},
		{"all bad options", `POST /api/v1/namespaces/default/configmaps?fieldManager=a%01b&dryRun=x&fieldValidation=y`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"CreateOptions.meta.k8s.io \"\" is invalid: [fieldManager: Invalid value: \"a\\x01b\": invalid character U+0001 (at position 1), dryRun: Unsupported value: [\"x\"]: supported values: \"All\", fieldValidation: Unsupported value: \"y\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"a\\x01b\": invalid character U+0001 (at position 1)","field":"fieldManager"},{"reason":"FieldValueNotSupported","message":"Unsupported value: [\"x\"]: supported values: \"All\"","field":"dryRun"},{"reason":"FieldValueNotSupported","message":"Unsupported value: \"y\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"","field":"fieldValidation"}]},"code":422}`},
		{"strict unknown", `POST /api/v1/namespaces/default/configmaps?fieldValidation=Strict`, "", `{"metadata":{"name":"x","foo":1,"labels":{"a":"b","a":"c"}},"bar":{},"data":{"a":"1","a":"2"},"Data":{}}`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"metadata.foo\", duplicate field \"metadata.labels.a\", unknown field \"bar\", duplicate field \"data.a\", unknown field \"Data\"","reason":"BadRequest","code":400}`},
		{"strict yaml", `POST /api/v1/namespaces/default/configmaps?fieldValidation=Strict`, `application/yaml`, `metadata:
  name: x
  foo: 1
data:
  a: "1"
  a: "2"
bar: 1
bar: 2
`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 6: key \"a\" already set in map\n  line 8: key \"bar\" already set in map, unknown field \"bar\", unknown field \"metadata.foo\"","reason":"BadRequest","code":400}`},
		{"strict deep", `POST /apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict`, "", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,"replicas":2,"unknown1":{},"unknownDupe":1,"unknownDupe":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx","foo":1,"imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: duplicate field \"spec.replicas\", unknown field \"spec.unknown1\", unknown field \"spec.unknownDupe\", unknown field \"spec.template.spec.containers[0].foo\", duplicate field \"spec.template.spec.containers[0].imagePullPolicy\"","reason":"BadRequest","code":400}`},
		{"strict put", `PUT /api/v1/namespaces/default/configmaps/a?fieldValidation=Strict`, "", `{"metadata":{"name":"a"},"foo":1}`,
			`{"message":"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"foo\"","reason":"BadRequest","code":400}`},
		{"put name mismatch", `PUT /api/v1/namespaces/default/configmaps/a`, "", `{"metadata":{"name":"b"}}`,
			`{"message":"the name of the object (b) does not match the name on the URL (a)","reason":"BadRequest","code":400}`},
		{"put name mismatch, missing", `PUT /api/v1/namespaces/default/configmaps/nope`, "", `{"metadata":{"name":"b"}}`,
			`{"message":"the name of the object (b) does not match the name on the URL (nope)","reason":"BadRequest","code":400}`},
		{"put no name", `PUT /api/v1/namespaces/default/configmaps/a`, "", `{"metadata":{}}`,
			`{"message":"the name of the object (a based on URL) was undeterminable: name must be provided","reason":"BadRequest","code":400}`},
		{"put ns mismatch", `PUT /api/v1/namespaces/default/configmaps/a`, "", `{"metadata":{"name":"a","namespace":"other"}}`,
			`{"message":"the namespace of the provided object does not match the namespace sent on the request","reason":"BadRequest","code":400}`},
		{"put bad rv", `PUT /api/v1/namespaces/default/configmaps/a`, "", `{"metadata":{"name":"a","resourceVersion":"abc"}}`,
			`{"message":"strconv.ParseUint: parsing \"abc\": invalid syntax","code":500}`},
		{"put missing", `PUT /api/v1/namespaces/default/configmaps/nope`, "", `{"metadata":{"name":"nope"}}`,
			`{"message":"configmaps \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"configmaps"},"code":404}`},
		{"put wrong kind", `PUT /api/v1/namespaces/default/configmaps/a`, "", `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}`,
			`{"message":"Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion","reason":"BadRequest","code":400}`},
		{"immutable data", `PUT /api/v1/namespaces/default/configmaps/im`, "", `{"metadata":{"name":"im"},"data":{"k":"w"},"immutable":true}`,
			"{\"message\":\"ConfigMap \\\"im\\\" is invalid: data: Forbidden: field is immutable when `immutable` is set\",\"reason\":\"Invalid\",\"details\":{\"name\":\"im\",\"kind\":\"ConfigMap\",\"causes\":[{\"reason\":\"FieldValueForbidden\",\"message\":\"Forbidden: field is immutable when `immutable` is set\",\"field\":\"data\"}]},\"code\":422}"},
		{"immutable unset", `PUT /api/v1/namespaces/default/configmaps/im`, "", `{"metadata":{"name":"im"},"data":{"k":"v"}}`,
			"{\"message\":\"ConfigMap \\\"im\\\" is invalid: immutable: Forbidden: field is immutable when `immutable` is set\",\"reason\":\"Invalid\",\"details\":{\"name\":\"im\",\"kind\":\"ConfigMap\",\"causes\":[{\"reason\":\"FieldValueForbidden\",\"message\":\"Forbidden: field is immutable when `immutable` is set\",\"field\":\"immutable\"}]},\"code\":422}"},
		{"immutable secret", `PATCH /api/v1/namespaces/default/secrets/s`, `application/merge-patch+json`, `{"data":{"k":"dw=="},"immutable":false,"type":"x"}`,
			"{\"message\":\"Secret \\\"s\\\" is invalid: [type: Invalid value: \\\"x\\\": field is immutable, immutable: Forbidden: field is immutable when `immutable` is set, data: Forbidden: field is immutable when `immutable` is set]\",\"reason\":\"Invalid\",\"details\":{\"name\":\"s\",\"kind\":\"Secret\",\"causes\":[{\"reason\":\"FieldValueInvalid\",\"message\":\"Invalid value: \\\"x\\\": field is immutable\",\"field\":\"type\"},{\"reason\":\"FieldValueForbidden\",\"message\":\"Forbidden: field is immutable when `immutable` is set\",\"field\":\"immutable\"},{\"reason\":\"FieldValueForbidden\",\"message\":\"Forbidden: field is immutable when `immutable` is set\",\"field\":\"data\"}]},\"code\":422}"},
		{"selector immutable", `PATCH /apis/apps/v1/namespaces/default/deployments/web`, `application/merge-patch+json`, `{"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}}}}}`,
			`{"message":"Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable","reason":"Invalid","details":{"name":"web","group":"apps","kind":"Deployment","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable","field":"spec.selector"}]},"code":422}`},
		{"patch no ct", `PATCH /api/v1/namespaces/default/configmaps/a`, "", `{}`,
			`{"message":"415: Unsupported Media Type","reason":"UnsupportedMediaType","details":{},"code":415}`},
		{"patch json ct", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json`, `{}`,
			`{"message":"415: Unsupported Media Type","reason":"UnsupportedMediaType","details":{},"code":415}`},
		{"json patch garbage", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `zzz`,
			`{"message":"error decoding patch: invalid character 'z' looking for beginning of value","reason":"BadRequest","code":400}`},
		{"json patch bad op", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `[{"op":"frob","path":"/data/k"}]`,
			`{"message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}`},
		{"json patch missing path", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `[{"op":"remove","path":"/data/zz"}]`,
			`{"message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}`},
		{"json patch test", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `[{"op":"test","path":"/data/k","value":"zz"}]`,
			`{"message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}`},
		{"json patch test missing", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `[{"op":"test","path":"/data/zzz","value":"zz"}]`,
			`{"message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}`},
		{"json patch deep path", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/json-patch+json`, `[{"op":"add","path":"/x/y/z","value":"1"}]`,
			`{"message":"the server rejected our request due to an error in our request","reason":"Invalid","details":{},"code":422}`},
		{"merge garbage", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/merge-patch+json`, `zzz`,
			`{"message":"error decoding patch: invalid character 'z' looking for beginning of value","reason":"BadRequest","code":400}`},
		{"merge array", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/merge-patch+json`, `[]`,
			`{"message":"error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}","reason":"BadRequest","code":400}`},
		{"merge string", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/merge-patch+json`, `"x"`,
			`{"message":"error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}","reason":"BadRequest","code":400}`},
		{"merge rename", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/merge-patch+json`, `{"metadata":{"name":"b"}}`,
			`{"message":"the name of the object (b) does not match the name on the URL (a)","reason":"BadRequest","code":400}`},
		{"merge missing", `PATCH /api/v1/namespaces/default/configmaps/nope`, `application/merge-patch+json`, `{}`,
			`{"message":"configmaps \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"configmaps"},"code":404}`},
		{"smp garbage", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/strategic-merge-patch+json`, `zzz`,
			`{"message":"invalid character 'z' looking for beginning of value","reason":"BadRequest","code":400}`},
		{"smp array", `PATCH /api/v1/namespaces/default/configmaps/a`, `application/strategic-merge-patch+json`, `[]`,
			`{"message":"json: cannot unmarshal array into Go value of type map[string]interface {}","reason":"BadRequest","code":400}`},
		{"smp no key", `PATCH /apis/apps/v1/namespaces/default/deployments/web`, `application/strategic-merge-patch+json`, `{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}`,
			`{"message":"map: map[image:x] does not contain declared merge key: name","code":500}`},
		{"smp directive", `PATCH /apis/apps/v1/namespaces/default/deployments/web`, `application/strategic-merge-patch+json`, `{"spec":{"template":{"spec":{"$patch":"frob"}}}}`,
			`{"message":"unknown patch type: frob in map: map[$patch:frob]","code":500}`},
		{"smp strict", `PATCH /apis/apps/v1/namespaces/default/deployments/web?fieldValidation=Strict`, `application/strategic-merge-patch+json`, `{"spec":{"foo":1,"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"web","bar":1}]}}}}`,
			`{"message":" \"\" is invalid: patch: Invalid value: \"map[spec:map[foo:1 replicas:2 template:map[spec:map[containers:[map[bar:1 name:web]]]]]]\": strict decoding error: duplicate field \"spec.replicas\", unknown field \"spec.foo\", unknown field \"spec.template.spec.containers[0].bar\"","reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"map[spec:map[foo:1 replicas:2 template:map[spec:map[containers:[map[bar:1 name:web]]]]]]\": strict decoding error: duplicate field \"spec.replicas\", unknown field \"spec.foo\", unknown field \"spec.template.spec.containers[0].bar\"","field":"patch"}]},"code":422}`},
		{"force", `PATCH /api/v1/namespaces/default/configmaps/a?force=true`, `application/merge-patch+json`, `{}`,
			`{"message":"PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"PatchOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: may not be specified for non-apply patch","field":"force"}]},"code":422}`},
		{"apply no manager", `PATCH /api/v1/namespaces/default/configmaps/ap`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap}
data: {x: "1"}
`,
			`{"message":"PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"PatchOptions","causes":[{"reason":"FieldValueRequired","message":"Required value: is required for apply patch","field":"fieldManager"}]},"code":422}`},
		{"apply conflict many", `PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=m3`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {k: "2"}
`,
			`{"message":"Apply failed with 1 conflict: conflict with \"Go-http-client\" using v1: .data.k","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"Go-http-client\" using v1","field":".data.k"}]},"code":409}`},
		{"apply garbage", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `a: b: c`,
			`{"message":"error decoding YAML: error converting YAML to JSON: yaml: mapping values are not allowed in this context","reason":"BadRequest","code":400}`},
		{"apply string", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `hello`,
			`{"message":"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}","reason":"BadRequest","code":400}`},
		{"apply list", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `- a`,
			`{"message":"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}","reason":"BadRequest","code":400}`},
		{"apply empty", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, "",
			`{"message":"invalid object type: /, Kind=","reason":"BadRequest","code":400}`},
		{"apply kind", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: Secret
metadata: {name: ap}
data: {x: "1"}
`,
			`{"message":"invalid object type: /v1, Kind=Secret","reason":"BadRequest","code":400}`},
		{"apply version", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v2
kind: ConfigMap
metadata: {name: ap}
data: {x: "1"}
`,
			`{"message":"invalid object type: /v2, Kind=ConfigMap","reason":"BadRequest","code":400}`},
		{"apply no kind", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `metadata: {name: ap}`,
			`{"message":"invalid object type: /, Kind=","reason":"BadRequest","code":400}`},
		{"apply unknown field", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap}
data: {x: "1"}
foo: 1
`,
			`{"message":"failed to create typed patch object (/ap; /v1, Kind=ConfigMap): .foo: field not declared in schema","code":500}`},
		{"apply wrong type", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap}
data: {x: 1}
`,
			`{"message":"failed to create typed patch object (/ap; /v1, Kind=ConfigMap): .data.x: expected string, got &value.valueUnstructured{Value:1}","code":500}`},
		{"apply no name create", `PATCH /api/v1/namespaces/default/configmaps/ap9?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {}
data: {x: "1"}
`,
			`{"message":"the name of the object (ap9 based on URL) was undeterminable: name must be provided","reason":"BadRequest","code":400}`},
		{"apply managedFields", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap, managedFields: [{}]}
data: {x: "1"}
`,
			`{"message":"metadata.managedFields must be nil","reason":"BadRequest","code":400}`},
		{"apply dup strict", `PATCH /api/v1/namespaces/default/configmaps/ap?fieldManager=m1&fieldValidation=Strict`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap}
data: {x: "1"}
data: {y: '1'}
`,
			`{"message":"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key \"data\" already set in map","reason":"BadRequest","code":400}`},
		{"apply uid missing", `PATCH /api/v1/namespaces/default/configmaps/ap2?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: v1
kind: ConfigMap
metadata: {name: ap2, uid: abc}
data: {x: "1"}
`,
			`{"message":"Operation cannot be fulfilled on configmaps \"ap2\": uid mismatch: the provided object specified uid abc, and no existing object was found","reason":"Conflict","details":{"name":"ap2","kind":"configmaps"},"code":409}`},
		{"apply dup keys list", `PATCH /apis/apps/v1/namespaces/default/deployments/web?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: a},{name: a}]}}}
`,
			`{"message":"failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name=\"a\"]","code":500}`},
		{"apply no key list", `PATCH /apis/apps/v1/namespaces/default/deployments/web?fieldManager=m1`, `application/apply-patch+yaml`, `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{image: a}]}}}
`,
			`{"message":"Deployment.apps \"web\" is invalid: spec.template.spec.containers[1].name: Required value","reason":"Invalid","details":{"name":"web","group":"apps","kind":"Deployment","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.template.spec.containers[1].name"}]},"code":422}`},
		{"scale bad", `PUT /apis/apps/v1/namespaces/default/deployments/web/scale`, "", `{"metadata":{"name":"web"},"spec":{"replicas":-1}}`,
			`{"message":"Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0","reason":"Invalid","details":{"name":"web","group":"autoscaling","kind":"Scale","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: -1: must be greater than or equal to 0","field":"spec.replicas"}]},"code":422}`},
		{"scale name", `PUT /apis/apps/v1/namespaces/default/deployments/web/scale`, "", `{"metadata":{"name":"other"},"spec":{"replicas":1}}`,
			`{"message":"the name of the object (other) does not match the name on the URL (web)","reason":"BadRequest","code":400}`},
		{"scale kind", `PUT /apis/apps/v1/namespaces/default/deployments/web/scale`, "", `{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"}}`,
			`{"message":"Deployment in version \"v1\" cannot be handled as a Scale: converting (v1.Deployment) to (autoscaling.Scale): unknown conversion","reason":"BadRequest","code":400}`},
		{"delete bad body", `DELETE /api/v1/namespaces/default/configmaps/a`, `application/json`, `zzz`,
			`{"message":"couldn't get version/kind; json parse error: invalid character 'z' looking for beginning of value","reason":"BadRequest","code":400}`},
		{"delete bad policy", `DELETE /api/v1/namespaces/default/configmaps/a`, `application/json`, `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foo"}`,
			`{"message":"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"DeleteOptions","causes":[{"reason":"FieldValueNotSupported","message":"Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"","field":"propagationPolicy"}]},"code":422}`},
		{"delete both", `DELETE /api/v1/namespaces/default/configmaps/a`, `application/json`, `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan","orphanDependents":true}`,
			`{"message":"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"DeleteOptions","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set","field":"propagationPolicy"}]},"code":422}`},
		{"delete dryrun bad", `DELETE /api/v1/namespaces/default/configmaps/a?dryRun=x`, "", "",
			`{"message":"DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"x\"]: supported values: \"All\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"DeleteOptions","causes":[{"reason":"FieldValueNotSupported","message":"Unsupported value: [\"x\"]: supported values: \"All\"","field":"dryRun"}]},"code":422}`},
		{"delete grace bad", `DELETE /api/v1/namespaces/default/pods/p?gracePeriodSeconds=abc`, "", "",
			`{"message":"strconv.ParseInt: parsing \"abc\": invalid syntax","reason":"BadRequest","code":400}`},
		{"delete wrong type", `DELETE /api/v1/namespaces/default/configmaps/a`, `application/json`, `{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":"x"}`,
			`{"message":"json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64","reason":"BadRequest","code":400}`},
		{"deletecollection bad selector", `DELETE /api/v1/namespaces/default/configmaps?labelSelector=a%20b%20c`, "", "",
			`{"message":"unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt","reason":"BadRequest","code":400}`},
		{"deletecollection bad field", `DELETE /api/v1/namespaces/default/configmaps?fieldSelector=spec.foo%3D1`, "", "",
			`{"message":"\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"","reason":"BadRequest","code":400}`},
		{"delete default ns", `DELETE /api/v1/namespaces/default`, "", "",
			`{"message":"namespaces \"default\" is forbidden: this namespace may not be deleted","reason":"Forbidden","details":{"name":"default","kind":"namespaces"},"code":403}`},
		{"list bad label", `GET /api/v1/namespaces/default/configmaps?labelSelector=a%20b%20c`, "", "",
			`{"message":"unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt","reason":"BadRequest","code":400}`},
		{"list bad field", `GET /api/v1/namespaces/default/configmaps?fieldSelector=spec.foo%3D1`, "", "",
			`{"message":"\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"","reason":"BadRequest","code":400}`},
		{"list field syntax", `GET /api/v1/namespaces/default/configmaps?fieldSelector=foo`, "", "",
			`{"message":"invalid selector: 'foo'; can't understand 'foo'","reason":"BadRequest","code":400}`},
		{"list bad limit", `GET /api/v1/namespaces/default/configmaps?limit=abc`, "", "",
			`{"message":"strconv.ParseInt: parsing \"abc\": invalid syntax","reason":"BadRequest","code":400}`},
		{"list bad continue", `GET /api/v1/namespaces/default/configmaps?continue=zzz`, "", "",
			`{"message":"invalid continue token: continue key is not valid: invalid character 'Ï' looking for beginning of value","reason":"BadRequest","code":400}`},
		{"list bad rv", `GET /api/v1/namespaces/default/configmaps?resourceVersion=abc`, "", "",
			`{"message":"invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax","reason":"BadRequest","code":400}`},
		{"list bad match", `GET /api/v1/namespaces/default/configmaps?resourceVersionMatch=Foo&resourceVersion=1`, "", "",
			`{"message":"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueNotSupported","message":"Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"","field":"resourceVersionMatch"}]},"code":422}`},
		{"list match without rv", `GET /api/v1/namespaces/default/configmaps?resourceVersionMatch=Exact`, "", "",
			`{"message":"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided","field":"resourceVersionMatch"}]},"code":422}`},
		{"list exact 0", `GET /api/v1/namespaces/default/configmaps?resourceVersionMatch=Exact&resourceVersion=0`, "", "",
			`{"message":"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"","field":"resourceVersionMatch"}]},"code":422}`},
		{"list send initial", `GET /api/v1/namespaces/default/configmaps?sendInitialEvents=true`, "", "",
			`{"message":"ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: sendInitialEvents is forbidden for list","field":"sendInitialEvents"}]},"code":422}`},
		{"watch send initial no match", `GET /api/v1/namespaces/default/configmaps?watch=1&sendInitialEvents=true&allowWatchBookmarks=true`, "", "",
			`{"message":"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan","field":"resourceVersionMatch"}]},"code":422}`},
		{"accept", `GET /api/v1/namespaces/default/configmaps/a`, `Accept: text/html`, "",
			`{"message":"406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf","reason":"NotAcceptable","details":{},"code":406}`},
		{"eviction name", `POST /api/v1/namespaces/default/pods/p/eviction`, "", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"q"}}`,
			`{"message":"name in URL does not match name in Eviction object","reason":"BadRequest","code":400}`},
		{"questions have no names", `GET /api/v1/namespaces/default/bindings/p`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"the type of a field", `POST /api/v1/namespaces/default/pods`, "", `{"metadata":{"name":"x"},"spec":5}`,
			`{"message":"Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec","reason":"BadRequest","code":400}`},
		{"eviction of an older version", `POST /api/v1/namespaces/default/pods/nope/eviction`, "", `{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"nope"}}`,
			`{"message":"pods \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"pods"},"code":404}`},
		{"no such version of a group", `GET /apis/apps/v9`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"no such version", `GET /api/v2`, "", "",
			`{"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}`},
		{"write to discovery", `POST /apis/apps/v1`, "", `{}`,
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"delete the version", `DELETE /version`, "", "",
			`{"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}`},
		{"proxy to no service", `GET /api/v1/namespaces/default/services/nope/proxy/`, "", "",
			`{"message":"services \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"services"},"code":404}`},
		{"eviction missing", `POST /api/v1/namespaces/default/pods/nope/eviction`, "", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"nope"}}`,
			`{"message":"pods \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"pods"},"code":404}`},
		{"ns bad name", `POST /api/v1/namespaces`, "", `{"metadata":{"name":"a.b"}}`,
			`{"message":"Namespace \"a.b\" is invalid: metadata.name: Invalid value: \"a.b\": must not contain dots","reason":"Invalid","details":{"name":"a.b","kind":"Namespace","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"a.b\": must not contain dots","field":"metadata.name"}]},"code":422}`},
		{"ns finalize", `PUT /api/v1/namespaces/default/finalize`, "", `{"metadata":{"name":"x"}}`,
			`{"message":"the name of the object (x) does not match the name on the URL (default)","reason":"BadRequest","code":400}`},
		{"svc missing ports", `POST /api/v1/namespaces/default/services`, "", `{"metadata":{"name":"x"},"spec":{"type":"ClusterIP"}}`,
			`{"message":"Service \"x\" is invalid: spec.ports: Required value","reason":"Invalid","details":{"name":"x","kind":"Service","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.ports"}]},"code":422}`},
	} {
		t.Run(c.what, func(t *testing.T) {
			h.t = t
			method, path, _ := strings.Cut(c.call, " ")
			var header []string
			if accept, ok := strings.CutPrefix(c.media, "Accept: "); ok {
				header = append(header, "Accept", accept)
			} else if c.media != "" || c.body != "" {
				header = append(header, "Content-Type", c.media)
			}
			status := h.do(method, path, c.body, header...).tree()
			for _, same := range []string{"kind", "apiVersion", "metadata", "status"} {
				delete(status, same)
			}
			got, err := json.Marshal(status)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
		})
	}
}
