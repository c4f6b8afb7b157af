package apiserver

import (
	"bytes"
	"reflect"
	"slices"

	"kubelite/api"
)

// Who changes an object may not have seen what others change after it. When a webhook or a policy has changed the
// object, all mutating plugins run a second time, and of the webhooks and policies those that asked for it and that ran
// before the change. There is no third time: two that undo each other's work must not keep a request forever.
type reinvocation struct {
	again  bool // a second round is wanted
	second bool // and this is it
	turns  [2]turns
}

// Webhooks and policies count their turns apart.
const (
	webhookTurns = iota
	policyTurns
)

// turns is whose turn it is, of the webhooks or of the policies.
type turns struct {
	round  *reinvocation
	ran    []string // those that may run again, and after which nothing has changed yet
	repeat []string // those that must run again in the second round
	output []byte   // the object as the first round left it
}

// begin starts a round of webhooks or policies.
func (r *reinvocation) begin(which int, obj api.Object) *turns {
	t := &r.turns[which]
	t.round = r
	if r.second && !bytes.Equal(t.output, fingerprint(obj)) {
		t.repeatAll() // a built-in plugin has changed it in between
	}
	return t
}

// end remembers what the object looks like after the round.
func (t *turns) end(obj api.Object) {
	if !t.round.second && len(t.ran)+len(t.repeat) > 0 {
		t.output = fingerprint(obj)
	}
}

func fingerprint(obj api.Object) []byte {
	if obj == nil {
		return nil
	}
	data, _ := api.MarshalJSON(obj) // what cannot be encoded is refused when it is stored
	return data
}

// takes tells whether it is somebody's turn: everybody's in the first round.
func (t *turns) takes(id string) bool { return !t.round.second || slices.Contains(t.repeat, id) }

// number counts the rounds from 0.
func (t *turns) number() int {
	if t.round.second {
		return 1
	}
	return 0
}

// changed tells that the object is not what those before have seen.
func (t *turns) changed() {
	t.round.again = true
	t.repeatAll()
}

func (t *turns) repeatAll() {
	t.repeat = append(t.repeat, t.ran...)
	t.ran = nil
}

// mayRepeat notes somebody who ran and wants to run again should the object change.
func (t *turns) mayRepeat(id string) { t.ran = append(t.ran, id) }

// newLike makes an empty object of another one's Go type.
func newLike(obj api.Object) api.Object {
	return reflect.New(reflect.TypeOf(obj).Elem()).Interface().(api.Object)
}
