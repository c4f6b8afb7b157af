package api

import "strconv"

// Revision is the object's resourceVersion as the store's revision, 0 if it has none. Clients should treat it as opaque; a component
// that compares two versions of one object from one server may look inside.
func (m *ObjectMeta) Revision() int64 {
	revision, err := strconv.ParseInt(m.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return revision
}
