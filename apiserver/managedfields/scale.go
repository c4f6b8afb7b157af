package managedfields

import "kubelite/api"

// The scale subresource is a view of an object that shows one of its fields, the number of replicas, as spec.replicas
// of a Scale. Who owns the one owns the other.

var scaleReplicas = []string{"spec", "replicas"}

const scaleVersion = "autoscaling/v1"

// ToScale makes the entries of a Scale of those of its parent. path returns where the parent has its replicas, by version;
// nil if it has none.
func ToScale(parent []api.ManagedFieldsEntry, path func(apiVersion string) []string) []api.ManagedFieldsEntry {
	var out []api.ManagedFieldsEntry
	for _, e := range valid(parent) {
		at := path(e.APIVersion)
		if fields, err := parseSet(fieldsOfEntry(&e)); err != nil || at == nil || !fields.has(at) {
			continue
		}
		e.APIVersion, e.FieldsV1 = scaleVersion, &api.FieldsV1{Raw: setOf(scaleReplicas).json()}
		out = append(out, e)
	}
	return sorted(out)
}

// FromScale makes the entries of the parent after a write to its Scale left the Scale with entries scale.
func FromScale(parent, scale []api.ManagedFieldsEntry, apiVersion string, path func(apiVersion string) []string) []api.ManagedFieldsEntry {
	owners := map[identity]*api.ManagedFieldsEntry{}
	for i := range scale {
		owners[scaleIdentity(&scale[i])] = &scale[i]
	}
	var out []api.ManagedFieldsEntry
	for _, e := range valid(parent) {
		at := path(e.APIVersion)
		fields, err := parseSet(fieldsOfEntry(&e))
		if err != nil {
			continue
		}
		if at == nil || !fields.has(at) {
			out = append(out, e)
			continue
		}
		// Who applied and still owns the replicas keeps its entry. Who updated gets them in another one, since upstream knows it there by
		// the Scale's version.
		if id := scaleIdentity(&e); e.Operation == api.ManagedFieldsOperationApply && owners[id] != nil {
			delete(owners, id)
			out = append(out, e)
			continue
		}
		if fields, _ = difference(fields, setOf(at)); len(fields) > 0 {
			e.FieldsV1 = &api.FieldsV1{Raw: fields.json()}
			out = append(out, e)
		}
	}
	for _, e := range owners {
		if fields, err := parseSet(fieldsOfEntry(e)); err != nil || !fields.has(scaleReplicas) {
			continue
		}
		at := *e
		at.Time = nil // as upstream
		at.APIVersion, at.FieldsV1 = apiVersion, &api.FieldsV1{Raw: setOf(path(apiVersion)).json()}
		out = append(out, at)
	}
	return sorted(out)
}

// scaleIdentity is an entry's identity but for the version, which differs between an object and its Scale.
func scaleIdentity(e *api.ManagedFieldsEntry) identity {
	id := identityOf(e)
	id.apiVersion = ""
	return id
}
