package apiserver

import (
	"bytes"
	"fmt"
	"strconv"
	"sync/atomic"

	"kubelite/api"
	"kubelite/store"
)

// Objects live in the store, and in the watch cache, as the JSON that clients get. What is read is copied, never
// encoded again: that is most of why reading is fast. The one thing that the encoder cannot know is the object's
// resourceVersion, because that is the revision of the write itself. So it encodes a placeholder, and the store asks
// for the final bytes when it has numbered the write.

// rvMark is where the digits begin. The first one in an object is metadata.resourceVersion: before it come only
// kind, apiVersion and the first metadata fields, and a quote inside a value would be escaped.
var rvMark = []byte(`"resourceVersion":"`)

// spliced is an encoded object with a hole where the digits of its resourceVersion go.
type spliced struct{ before, after []byte }

// splice cuts the resourceVersion out of an encoded object.
func splice(json []byte) spliced {
	i := bytes.Index(json, rvMark)
	if i < 0 {
		panic("apiserver: an encoded object has no resourceVersion")
	}
	i += len(rvMark)
	end := i + bytes.IndexByte(json[i:], '"')
	return spliced{before: json[:i], after: json[end:]}
}

// revisionOf reads the resourceVersion of an encoded object.
func revisionOf(json []byte) int64 {
	_, rest, _ := bytes.Cut(json, rvMark)
	digits, _, _ := bytes.Cut(rest, []byte{'"'})
	revision, _ := strconv.ParseInt(string(digits), 10, 64) // it was written by splice
	return revision
}

// with puts a revision in, in a new slice.
func (s spliced) with(revision int64) []byte {
	b := make([]byte, 0, len(s.before)+len(s.after)+20)
	b = append(b, s.before...)
	b = strconv.AppendInt(b, revision, 10)
	return append(b, s.after...)
}

// is tells whether the object, at this revision, is exactly these bytes.
func (s spliced) is(revision int64, json []byte) bool {
	digits := strconv.AppendInt(make([]byte, 0, 20), revision, 10)
	n := len(s.before) + len(digits)
	return len(json) == n+len(s.after) && bytes.Equal(json[:len(s.before)], s.before) &&
		bytes.Equal(json[len(s.before):n], digits) && bytes.Equal(json[n:], s.after)
}

var (
	managedMark = []byte(`"managedFields":[`)
	timeMark    = []byte(`"time":"`)
)

// sameButTimes tells whether the object differs from what is stored in nothing but when its managers wrote. Then the write
// changed nothing, and should leave no trace.
func (s spliced) sameButTimes(revision int64, json []byte) bool {
	at := bytes.Index(s.after, managedMark)
	if at < 0 || len(s.before)+len(strconv.FormatInt(revision, 10))+len(s.after) != len(json) {
		return false
	}
	is, was := s.after, json[len(json)-len(s.after):]
	if !bytes.Equal(s.before, json[:len(s.before)]) || !bytes.Equal(is[:at], was[:at]) {
		return false
	}
	// All times have the same length: step from one to the next, to the end of the list.
	for i := at + len(managedMark); ; {
		next := bytes.Index(is[i:endOf(is, i)], timeMark)
		if next < 0 {
			return bytes.Equal(is[i:], was[i:])
		}
		next += i + len(timeMark)
		if !bytes.Equal(is[i:next], was[i:next]) {
			return false
		}
		i = next + len(`2006-01-02T15:04:05Z"`)
	}
}

// metadataMark is where an object's metadata begins. The first one in an object is that: before it come only kind and
// apiVersion.
var metadataMark = []byte(`"metadata":`)

// metadataOf is the metadata of an encoded object, encoded.
func metadataOf(json []byte) []byte {
	_, rest, _ := bytes.Cut(json, metadataMark)
	return rest[:endOf(rest, 1)+1]
}

// endOf finds the bracket that closes the list or the object which position i is in.
func endOf(json []byte, i int) int {
	inText := false
	for depth := 0; i < len(json); i++ {
		switch c := json[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[', c == '{':
			depth++
		case c == ']', c == '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return len(json)
}

// encode makes the stored form of an object, which must be of the kind that is stored.
func encode(obj api.Object) (spliced, error) {
	meta := obj.GetObjectMeta()
	saved := meta.ResourceVersion
	meta.ResourceVersion = "0"
	json, err := api.MarshalJSON(obj)
	meta.ResourceVersion = saved
	if err != nil {
		return spliced{}, fmt.Errorf("encode %s: %w", meta.Key(), err)
	}
	return splice(json), nil
}

// decodeStored makes an object of its stored form. The caller owns it.
func decodeStored(res *Resource, json []byte) (api.Object, error) {
	return decodeOwn(res.stored(), json)
}

// decodeOwn makes an object of a kind from what was encoded as such.
func decodeOwn(kind *api.Kind, json []byte) (api.Object, error) {
	obj := kind.New()
	if err := api.ReadJSON(json, obj); err != nil {
		return nil, fmt.Errorf("decode stored %s: %w", kind.Resource(), err)
	}
	return obj, nil
}

// entry is one version of one object in the watch cache. It never changes once it is visible: readers hold it
// without a lock.
type entry struct {
	key             string
	namespace, name string
	revision        int64
	json            []byte

	attributes atomic.Pointer[attributes]
	references atomic.Pointer[map[reference]bool] // of a pod: what it names; see podReferences
	forms
	// refreshed: json is not what the store has; see Resource.Refresh.
	refreshed bool
}

// attributes are what selectors look at.
type attributes struct {
	labels map[string]string
	fields map[string]string
}

// newEntry reads namespace and name from the key: "/pods/default/web-1".
func newEntry(res *Resource, kv *store.KeyValue) *entry {
	e := &entry{key: kv.Key, revision: kv.ModRevision, json: kv.Value}
	e.namespace, e.name = res.parseKey(kv.Key)
	if res.Refresh != nil {
		e.json, e.refreshed = res.Refresh(kv.Value, kv.ModRevision)
	}
	return e
}

// object decodes the entry into an object of the stored kind, which the caller owns.
func (e *entry) object(res *Resource) (api.Object, error) { return decodeStored(res, e.json) }

// attrs returns the object's labels and fields. They come with the entry if this server wrote the object; else they
// are decoded when a selector first asks.
func (e *entry) attrs(res *Resource) *attributes {
	if a := e.attributes.Load(); a != nil {
		return a
	}
	a := &attributes{}
	// An object that cannot be decoded matches no selector, but is there for those who select nothing.
	if obj, err := e.object(res); err == nil {
		a = attributesOf(res, obj)
	}
	e.attributes.Store(a)
	return a
}

func attributesOf(res *Resource, obj api.Object) *attributes {
	a := &attributes{labels: obj.GetObjectMeta().Labels}
	if fields := res.fields(); fields != nil {
		a.fields = fields(obj)
	}
	return a
}
