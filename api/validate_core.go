package api

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// The smaller kinds of the core group, and events of both groups.

const maxDataSize = 1 << 20 // of a ConfigMap or Secret: all values together

// --- Namespace ---

func validateNamespace(obj Object) ErrorList {
	var errs ErrorList
	errs.namespaceFinalizers("spec.finalizers", obj.(*Namespace), false)
	return errs
}

func validateNamespaceUpdate(obj, _ Object) ErrorList { return validateNamespace(obj) }

func (l *ErrorList) namespaceFinalizers(path Path, ns *Namespace, indexed bool) {
	for i, f := range ns.Spec.Finalizers {
		at := path
		if indexed {
			at = path.Index(i)
		}
		l.format(at, "", string(f), IsQualifiedName)
		if !isKnownOrQualifiedFinalizer(string(f)) {
			l.add(at.Invalid(string(f), finalizerNotKnown))
		}
	}
}

// validateNamespaceStatusUpdate: the phase follows from whether the namespace is being deleted.
func validateNamespaceStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	ns, path := obj.(*Namespace), Path("status").Child("Phase")
	if ns.DeletionTimestamp == nil && ns.Status.Phase != NamespaceActive {
		errs.add(path.Invalid(string(ns.Status.Phase), "may only be 'Active' if `deletionTimestamp` is empty"))
	}
	if ns.DeletionTimestamp != nil && ns.Status.Phase != NamespaceTerminating {
		errs.add(path.Invalid(string(ns.Status.Phase), "may only be 'Terminating' if `deletionTimestamp` is not empty"))
	}
	return errs
}

// ValidateNamespaceFinalize returns every mistake in a write to the finalize subresource of a namespace.
func ValidateNamespaceFinalize(ns, old *Namespace) ErrorList {
	errs := ValidateObjectMetaUpdate(KindFor(ns), &ns.ObjectMeta, &old.ObjectMeta)
	errs.namespaceFinalizers("spec.finalizers", ns, true)
	return errs
}

// --- ConfigMap ---

func validateConfigMap(obj Object) ErrorList {
	var errs ErrorList
	cm := obj.(*ConfigMap)
	size := 0
	for _, key := range sortedKeys(cm.Data) {
		errs.dataKey("data", key)
		if _, both := cm.BinaryData[key]; both {
			errs.add(Path("data").Key(key).Invalid(key, "duplicate of key present in binaryData"))
		}
		size += len(cm.Data[key])
	}
	for _, key := range sortedKeys(cm.BinaryData) {
		errs.dataKey("binaryData", key)
		size += len(cm.BinaryData[key])
	}
	if size > maxDataSize {
		errs.add(Path("[]").TooLong(maxDataSize)) // upstream's way to say: no field in particular
	}
	return errs
}

func (l *ErrorList) dataKey(path Path, key string) {
	for _, message := range IsConfigMapKey(key) {
		l.add(path.Key(key).Invalid(key, message))
	}
}

func validateConfigMapUpdate(obj, oldObj Object) ErrorList {
	cm, old := obj.(*ConfigMap), oldObj.(*ConfigMap)
	errs := validateConfigMap(cm)
	if Deref(old.Immutable, false) {
		errs.frozen("immutable", Deref(cm.Immutable, false))
		errs.frozen("data", Equal(cm.Data, old.Data))
		errs.frozen("binaryData", Equal(cm.BinaryData, old.BinaryData))
	}
	return errs
}

// frozen: what once was immutable stays so. Kubelets no longer watch it.
func (l *ErrorList) frozen(path Path, same bool) {
	if !same {
		l.add(path.Forbidden("field is immutable when `immutable` is set"))
	}
}

// --- Secret ---

// secretKeys lists for each type of secret the keys that it must hold.
func secretKeys(t SecretType) []string {
	switch t {
	case SecretTypeDockercfg:
		return []string{".dockercfg"}
	case SecretTypeDockerConfigJson:
		return []string{".dockerconfigjson"}
	case SecretTypeSSHAuth:
		return []string{"ssh-privatekey"}
	case SecretTypeTLS:
		return []string{"tls.crt", "tls.key"}
	}
	return nil
}

const annotationServiceAccountName = "kubernetes.io/service-account.name"

func validateSecret(obj Object) ErrorList {
	var errs ErrorList
	secret, path := obj.(*Secret), Path("data")
	size := 0
	for _, key := range sortedKeys(secret.Data) {
		errs.dataKey(path, key)
		size += len(secret.Data[key])
	}
	if size > maxDataSize {
		errs.add(path.TooLong(maxDataSize))
	}
	for _, key := range secretKeys(secret.Type) {
		if value, ok := secret.Data[key]; !ok || secret.Type == SecretTypeSSHAuth && len(value) == 0 {
			errs.add(path.Key(key).Required(""))
		}
	}
	switch secret.Type {
	case SecretTypeServiceAccountToken:
		if secret.Annotations[annotationServiceAccountName] == "" {
			errs.add(metadata.Child("annotations").Key(annotationServiceAccountName).Required(""))
		}
	case SecretTypeDockercfg, SecretTypeDockerConfigJson:
		key := secretKeys(secret.Type)[0]
		if value, ok := secret.Data[key]; ok {
			if err := json.Unmarshal(value, &map[string]any{}); err != nil {
				errs.add(path.Key(key).Invalid("<secret contents redacted>", err.Error()))
			}
		}
	case SecretTypeBasicAuth: // one of the two is enough
		_, username := secret.Data["username"]
		_, password := secret.Data["password"]
		if !username && !password {
			errs.add(path.Key("username").Required(""), path.Key("password").Required(""))
		}
	}
	return errs
}

func validateSecretUpdate(obj, oldObj Object) ErrorList {
	secret, old := obj.(*Secret), oldObj.(*Secret)
	errs := validateSecret(secret)
	errs.immutable("", "type", string(secret.Type), string(old.Type))
	if Deref(old.Immutable, false) {
		errs.frozen("immutable", Deref(secret.Immutable, false))
		errs.frozen("data", Equal(secret.Data, old.Data))
	}
	return errs
}

// --- Endpoints ---

func validateEndpoints(obj Object) ErrorList {
	var errs ErrorList
	for i := range obj.(*Endpoints).Subsets {
		subset, path := &obj.(*Endpoints).Subsets[i], Path("subsets").Index(i)
		if len(subset.Addresses) == 0 && len(subset.NotReadyAddresses) == 0 {
			errs.add(path.Required("must specify `addresses` or `notReadyAddresses`"))
		}
		for j := range subset.Addresses {
			errs.endpointAddress(path.Child("addresses").Index(j), &subset.Addresses[j])
		}
		for j := range subset.NotReadyAddresses {
			errs.endpointAddress(path.Child("notReadyAddresses").Index(j), &subset.NotReadyAddresses[j])
		}
		for j := range subset.Ports {
			port, path := &subset.Ports[j], path.Child("ports").Index(j)
			if len(subset.Ports) > 1 || port.Name != "" {
				errs.requiredFormat(path, "name", port.Name, IsDNS1123Label)
			}
			errs.portNumber(path, "port", port.Port)
			requiredOneOf(&errs, path, "protocol", port.Protocol, ProtocolSCTP, ProtocolTCP, ProtocolUDP)
			if port.AppProtocol != nil {
				errs.format(path, "appProtocol", *port.AppProtocol, IsQualifiedName)
			}
		}
	}
	return errs
}

func validateEndpointsUpdate(obj, _ Object) ErrorList { return validateEndpoints(obj) }

func (l *ErrorList) endpointAddress(path Path, address *EndpointAddress) {
	l.format(path, "ip", address.IP, IsValidIP)
	if address.Hostname != "" {
		l.format(path, "hostname", address.Hostname, IsDNS1123Label)
	}
	if address.NodeName != nil {
		l.format(path, "nodeName", *address.NodeName, IsDNS1123Subdomain)
	}
	l.format(path, "ip", address.IP, isEndpointIP)
}

// isEndpointIP refuses addresses that mean something else on every machine. Traffic to them through a Service could
// reach what only the machine itself should.
func isEndpointIP(value string) []string {
	ip, err := netip.ParseAddr(dropLeadingZeros(value))
	if err != nil {
		return []string{"must be a valid IP address"}
	}
	var messages []string
	ip = ip.Unmap()
	if ip.IsUnspecified() {
		messages = append(messages, fmt.Sprintf("may not be unspecified (%s)", value))
	}
	if ip.IsLoopback() {
		messages = append(messages, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
	}
	if ip.IsLinkLocalUnicast() {
		messages = append(messages, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
	}
	if ip.IsLinkLocalMulticast() {
		messages = append(messages, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
	}
	return messages
}

// --- Binding ---

func validateBinding(obj Object) ErrorList {
	var errs ErrorList
	target := &obj.(*Binding).Target
	if target.Kind != "" && target.Kind != "Node" {
		errs.add(Path("target").Child("kind").NotSupported(target.Kind, "Node", "<empty>"))
	}
	errs.required("target", "name", target.Name)
	return errs
}

// --- Event ---

// The longest texts of an event that has an eventTime.
const (
	maxEventWord    = 128 // action, reason, reporting instance
	maxEventMessage = 1024
)

func validateEvent(obj Object) ErrorList {
	event := obj.(*Event)
	return eventRules("reportingComponent", event.Namespace, event.InvolvedObject.Namespace, event.EventTime,
		event.ReportingController, event.ReportingInstance, event.Action, event.Reason, event.Message)
}

func validateEventUpdate(obj, _ Object) ErrorList { return validateEvent(obj) }

// eventRules are the rules for events of both groups. An event without eventTime is of the old sort, and little is
// asked of it.
func eventRules(controllerField, namespace, about string, when MicroTime, controller, instance, action, reason, message string) ErrorList {
	var errs ErrorList
	const mismatch = "does not match event.namespace"
	at := Path("involvedObject").Child("namespace")
	if when.IsZero() {
		// Events about cluster-scoped objects live in "default".
		if about == "" && namespace != "" && namespace != "default" || about != "" && about != namespace {
			errs.add(at.Invalid(about, mismatch))
		}
	} else {
		if about == "" && namespace != "default" && namespace != "kube-system" {
			errs.add(at.Invalid(about, mismatch))
		}
		errs.required("", controllerField, controller)
		errs.format("", controllerField, controller, IsQualifiedName)
		for _, text := range []struct{ field, value string }{{"reportingInstance", instance}, {"action", action}, {"reason", reason}} {
			errs.required("", text.field, text.value)
			errs.atMost(text.field, text.value, maxEventWord)
		}
		errs.atMost("message", message, maxEventMessage)
	}
	errs.format("", "namespace", namespace, IsDNS1123Subdomain)
	return errs
}

// atMost checks a text's length without showing the text.
func (l *ErrorList) atMost(field, value string, limit int) {
	if len(value) > limit {
		l.add(Path(field).Invalid("", fmt.Sprintf("can have at most %d characters", limit)))
	}
}

// validateEventsEvent checks an event of events.k8s.io, which has stricter rules than the core group: what the old
// API needed must stay empty.
func validateEventsEvent(obj Object) ErrorList {
	event := obj.(*EventsEvent)
	errs := eventsEventRules(event)
	errs.eventSeries(event.Series)
	if event.EventTime.IsZero() {
		errs.add(Path("eventTime").Required(""))
	}
	if event.Type != "Normal" && event.Type != "Warning" {
		errs.add(Path("type").Invalid("", "has invalid value: "+event.Type))
	}
	for _, old := range []struct {
		field string
		set   bool
	}{
		{"firstTimestamp", !event.DeprecatedFirstTimestamp.IsZero()}, {"lastTimestamp", !event.DeprecatedLastTimestamp.IsZero()},
		{"count", event.DeprecatedCount != 0}, {"source", event.DeprecatedSource != EventSource{}},
	} {
		if old.set {
			errs.add(Path(old.field).Invalid("", "needs to be unset"))
		}
	}
	return errs
}

func eventsEventRules(event *EventsEvent) ErrorList {
	return eventRules("reportingController", event.Namespace, event.Regarding.Namespace, event.EventTime,
		event.ReportingController, event.ReportingInstance, event.Action, event.Reason, event.Note)
}

func (l *ErrorList) eventSeries(series *EventsEventSeries) {
	if series == nil {
		return
	}
	if series.Count < 2 {
		l.add(Path("series.count").Invalid("", "should be at least 2"))
	}
	if series.LastObservedTime.IsZero() {
		l.add(Path("series.lastObservedTime").Required(""))
	}
}

// validateEventsEventUpdate: of an event that happened only the series, the repetitions, can go on.
func validateEventsEventUpdate(obj, oldObj Object) ErrorList {
	event, old := obj.(*EventsEvent), oldObj.(*EventsEvent)
	errs := eventsEventRules(event)
	if !Equal(event.Series, old.Series) {
		errs.eventSeries(event.Series)
	}
	for _, part := range []struct {
		field    string
		now, was any
	}{
		{"involvedObject", event.Regarding, old.Regarding}, {"reason", event.Reason, old.Reason}, {"message", event.Note, old.Note},
		{"source", event.DeprecatedSource, old.DeprecatedSource}, {"firstTimestamp", event.DeprecatedFirstTimestamp, old.DeprecatedFirstTimestamp},
		{"lastTimestamp", event.DeprecatedLastTimestamp, old.DeprecatedLastTimestamp}, {"count", event.DeprecatedCount, old.DeprecatedCount},
		{"type", event.Type, old.Type}, {"action", event.Action, old.Action}, {"related", event.Related, old.Related},
		{"reportingController", event.ReportingController, old.ReportingController}, {"reportingInstance", event.ReportingInstance, old.ReportingInstance},
	} {
		if !Equal(part.now, part.was) {
			errs.add(Path(part.field).Invalid(shownAsGoNames(part.now), fieldImmutable))
		}
	}
	// Some clients send nanoseconds, which the wire forms of others cut off.
	if !event.EventTime.Truncate(time.Microsecond).Equal(old.EventTime.Truncate(time.Microsecond)) {
		errs.add(Path("eventTime").Invalid(event.EventTime, fieldImmutable))
	}
	return errs
}

// shownAsGoNames leaves simple values alone.
func shownAsGoNames(v any) any {
	switch v.(type) {
	case string, int32:
		return v
	}
	return goNames{v}
}
