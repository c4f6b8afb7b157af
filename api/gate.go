package api

// The gate is a debugger for control loops: it holds writes back, so that a person sees what a loop is about to write, and
// why, before it happens. Rules say whose writes, and which. The same selection says whose requests go wrong, and how:
// these are faults. Real Kubernetes has neither.

// GatePath is where the server serves its gate:
//
//	GET    /gate                    GateState; with ?after=N&wait=30s not before its sequence is above N, or the wait is over
//	POST   /gate/rules              a GateRule becomes one, with an id
//	DELETE /gate/rules[/ID]         it holds no more; without an id: none does
//	POST   /gate/step               a GateStep lets a held write through; the answer is the HeldWrite with its outcome
//	POST   /gate/faults             a Fault begins, and gets an id
//	DELETE /gate/faults[/ID]        it ends; without an id: all do
//
// Everything is forgotten when the server ends.
const GatePath = "/gate"

// GateSelection says whose requests are meant, and which. What is left out selects everything; one of actor and resource
// must be there.
type GateSelection struct {
	// Actor is who writes, by any of its names: a component ("scheduler", "kubelet-node-1", "controllers" for all loops of that
	// process), a loop ("deployment-controller"), a user ("jane", "system:serviceaccount:shop:robot"), or a program by its
	// user agent ("helm").
	Actor string `json:"actor,omitempty"`
	// Resource is a type: "deployments.apps", "deploy", "Deployment". The server answers with the first form.
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Verbs are some of GateVerbs. Faults of reads and watches do not look at them.
	Verbs []string `json:"verbs,omitempty"`
}

// GateVerbs are the verbs that change something, as selections name them.
var GateVerbs = []string{"create", "update", "patch", "delete", "deletecollection"}

// GateRule holds the writes that it selects. Never held are: what administrators do, unless the rule names their program; Leases
// and what a kubelet says about its own node, by which components show that they live; Events, unless the rule names
// them; dry runs, and questions such as SubjectAccessReviews, which write nothing.
type GateRule struct {
	ID            int64 `json:"id,omitempty"`
	GateSelection `json:",inline"`
	// Condition is an expression in CEL, as in admission policies: of object, oldObject and request. It holds only writes of
	// which it is true. object is what would be stored.
	Condition string `json:"condition,omitempty"`
	// Break lets everything run until the first write that is selected. From then on the rule holds all writes of the one who
	// made it, who is in Stopped.
	Break   bool   `json:"break,omitempty"`
	Stopped string `json:"stopped,omitempty"`
	// Since is when the rule was made; Count is how many writes it has held so far.
	Since MicroTime `json:"since,omitzero"`
	Count int64     `json:"count"`
}

// HeldWrite is a write that waits at the gate, or has gone through it.
type HeldWrite struct {
	ID int64 `json:"id"`
	// HeldBy is the id of the rule.
	HeldBy int64 `json:"heldBy"`
	// Actor is who writes, by the shortest of its names.
	Actor string `json:"actor"`
	// Record is what the ledger will say of the write: user, agent, verb, object, causes, rule, reason. Its time is when the
	// write came, and its revision is 0. The name of a new object may be unknown until it is stored: "web-6d4-*".
	Record LedgerRecord `json:"record"`
	// Diff is what would change, as a unified diff of YAML, at the moment when the write was held. Values of secrets are hidden.
	Diff string `json:"diff,omitempty"`
	// Refusal is what the write would be refused with.
	Refusal string `json:"refusal,omitempty"`
	// Outcome is what became of it, once it was let through.
	Outcome *WriteOutcome `json:"outcome,omitempty"`
}

// WriteOutcome is the answer to a write.
type WriteOutcome struct {
	Time MicroTime `json:"time"`
	Code int32     `json:"code"`
	// Revision is that of the write; 0: nothing was written.
	Revision int64 `json:"revision,omitempty"`
	// Message is the error's, if it was one.
	Message string `json:"message,omitempty"`
}

// GateStep says which held write to let through: the one with the ID, or the oldest that is selected, or the oldest.
type GateStep struct {
	ID            int64 `json:"id,omitempty"`
	GateSelection `json:",inline"`
}

// GateState is all that there is to know about the gate.
type GateState struct {
	// Sequence grows with every change.
	Sequence int64       `json:"sequence"`
	Rules    []GateRule  `json:"rules"`
	Held     []HeldWrite `json:"held"` // the oldest first
	// Passed are the last writes that were let through or whose rule was dropped, the newest last.
	Passed []HeldWrite `json:"passed"`
	Faults []Fault     `json:"faults"`
}

// MaxPassedWrites is how many writes GateState.Passed has at most.
const MaxPassedWrites = 50

// Fault makes the selected requests go wrong. What it does to writes spares what a rule would spare; a cut spares nothing but
// administrators.
type Fault struct {
	ID            int64 `json:"id,omitempty"`
	GateSelection `json:",inline"`

	// DelayWatch is how much later watch events arrive.
	DelayWatch Duration `json:"delayWatch,omitzero"`
	// DropWatch is the share of watch events that never arrive. A watch that has missed some is ended with 410 Gone when the fault
	// is over, so that its client lists anew.
	DropWatch Share `json:"dropWatch,omitzero"`
	// DuplicateWatch is the share of watch events that arrive twice.
	DuplicateWatch Share `json:"duplicateWatch,omitzero"`
	// StaleReads is how old the state is that gets and lists show.
	StaleReads Duration `json:"staleReads,omitzero"`
	// Conflicts is the share of updates and patches that are answered 409: another writer is faster, who writes the object as it
	// is, so that it has a newer version.
	Conflicts Share `json:"conflicts,omitzero"`
	// Cut ends all connections of the actor, and answers nothing.
	Cut bool `json:"cut,omitempty"`

	// For is how long the fault lasts; 0: until it is deleted. The server answers with Until.
	For   Duration  `json:"for,omitzero"`
	Since MicroTime `json:"since,omitzero"`
	Until MicroTime `json:"until,omitzero"`
	// Count is how often it has struck.
	Count int64 `json:"count"`
}
