package api

// IntOrString holds a number or a name (a port), or a number or a percentage (of replicas).
type IntOrString struct {
	Type   IntOrStringType
	IntVal int32
	StrVal string
}

// IntOrStringType tells which of the two an IntOrString holds.
type IntOrStringType int

// The two forms of an IntOrString.
const (
	IntegerForm IntOrStringType = 0
	StringForm  IntOrStringType = 1
)
