package api

import (
	"fmt"
	"slices"
	"strings"
)

// Environment variables, and references to fields of the pod and resources of its containers, which files in volumes
// can have too.

func (c *podCheck) checkEnvVar(path Path, env *EnvVar) {
	c.requiredFormat(path, "name", env.Name, IsEnvVarName)
	from := env.ValueFrom
	if from == nil {
		return
	}
	path = path.Child("valueFrom")
	sources := 0
	if from.FieldRef != nil {
		sources++
		c.fieldRef(path.Child("fieldRef"), from.FieldRef, envFieldPaths)
	}
	if from.ResourceFieldRef != nil {
		sources++
		c.resourceFieldRef(path.Child("resourceFieldRef"), from.ResourceFieldRef, false)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		sources++
		c.keyRef(path.Child("configMapKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.SecretKeyRef; ref != nil {
		sources++
		c.keyRef(path.Child("secretKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.FileKeyRef; ref != nil {
		sources++
		path := path.Child("fileKeyRef")
		c.requiredFormat(path, "key", ref.Key, IsEnvVarName)
		c.requiredFormat(path, "volumeName", ref.VolumeName, IsDNS1123Label)
		if c.required(path, "path", ref.Path) {
			c.noBacksteps(path, "path", ref.Path)
		}
	}
	switch {
	case sources == 0:
		c.add(path.Invalid("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case env.Value != "":
		c.add(path.Invalid("", "may not be specified when `value` is not empty"))
	case sources > 1:
		c.add(path.Invalid("", "may not have more than one field specified at a time"))
	}
}

// keyRef checks a reference to one key of a ConfigMap or Secret.
func (l *ErrorList) keyRef(path Path, name, key string) {
	l.format(path, "name", name, IsDNS1123Subdomain)
	l.requiredFormat(path, "key", key, IsConfigMapKey)
}

func (c *podCheck) checkEnvFrom(path Path, sources []EnvFromSource) {
	for i := range sources {
		path := path.Child("envFrom")
		from, at := &sources[i], path.Index(i)
		if from.Prefix != "" {
			c.format(at, "prefix", from.Prefix, IsEnvVarName)
		}
		named := func(field, name string) {
			c.requiredFormat(at.Child(field), "name", name, func(name string) []string { return IsDNS1123Subdomain(maskTrailingDash(name)) })
		}
		if from.ConfigMapRef != nil {
			named("configMapRef", from.ConfigMapRef.Name)
		}
		if from.SecretRef != nil {
			named("secretRef", from.SecretRef.Name)
		}
		switch {
		case from.ConfigMapRef == nil && from.SecretRef == nil:
			c.add(path.Invalid("", "must specify one of: `configMapRef` or `secretRef`"))
		case from.ConfigMapRef != nil && from.SecretRef != nil:
			c.add(path.Invalid("", "may not have more than one field specified at a time"))
		}
	}
}

// What of its own pod a container can ask for, by variable and by file.
var (
	envFieldPaths = []string{"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
	volumeFieldPaths = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
	// knownFieldPaths exist, though not all of them everywhere.
	knownFieldPaths = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName",
		"status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}

	containerResourcePaths = []string{"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory"}
	byteDivisors = []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
)

// fieldRef checks "metadata.name", or one entry of a map: "metadata.labels['app']".
func (l *ErrorList) fieldRef(path Path, ref *ObjectFieldSelector, allowed []string) {
	if !l.required(path, "apiVersion", ref.APIVersion) || !l.required(path, "fieldPath", ref.FieldPath) {
		return
	}
	refuse := func(why string) {
		l.add(path.Child("fieldPath").Invalid(ref.FieldPath, "error converting fieldPath: "+why))
	}
	if ref.APIVersion != "v1" {
		refuse("unsupported pod version: " + ref.APIVersion)
		return
	}
	if head, ok := strings.CutSuffix(ref.FieldPath, "']"); ok {
		if field, key, ok := strings.Cut(head, "['"); ok && field != "" {
			switch field {
			case "metadata.annotations":
				l.format(path, "", strings.ToLower(key), IsQualifiedName)
			case "metadata.labels":
				l.format(path, "", key, IsQualifiedName)
			default:
				refuse("field label does not support subscript: " + ref.FieldPath)
			}
			return
		}
	}
	field := ref.FieldPath
	if field == "spec.host" { // what spec.nodeName was called long ago
		field = "spec.nodeName"
	}
	if !slices.Contains(knownFieldPaths, field) {
		refuse("field label not supported: " + field)
	} else if !slices.Contains(allowed, field) {
		l.add(path.Child("fieldPath").NotSupported(field, allowed...))
	}
}

// resourceFieldRef checks "limits.cpu" of a container. A variable means its own container; a file must say which.
func (l *ErrorList) resourceFieldRef(path Path, ref *ResourceFieldSelector, inVolume bool) {
	resource := strings.TrimPrefix(strings.TrimPrefix(ref.Resource, "limits."), "requests.")
	huge := resource != ref.Resource && isHugePages(ResourceName(resource))
	switch {
	case inVolume && ref.ContainerName == "":
		l.add(path.Child("containerName").Required(""))
	case ref.Resource == "":
		l.add(path.Child("resource").Required(""))
	case !huge && !slices.Contains(containerResourcePaths, ref.Resource):
		l.add(path.Child("resource").NotSupported(ref.Resource, containerResourcePaths...))
	}
	if ref.Divisor.IsZero() {
		return
	}
	divisors, name := byteDivisors, resource
	switch {
	case resource == ref.Resource:
		return
	case resource == "cpu":
		if d := ref.Divisor.String(); d != "1m" && d != "1" {
			l.add(path.Child("divisor").Invalid(ref.Resource, "only divisor's values 1m and 1 are supported with the cpu resource"))
		}
		return
	case huge:
		name = "hugepages"
	case resource == "ephemeral-storage":
		name = "local ephemeral storage"
	case resource != "memory":
		return
	}
	if !slices.Contains(divisors, ref.Divisor.String()) {
		l.add(path.Child("divisor").Invalid(ref.Resource,
			fmt.Sprintf("only divisor's values %s are supported with the %s resource", strings.Join(divisors, ", "), name)))
	}
}
