package api

const (
	maxConditionReason  = 1 << 10
	maxConditionMessage = 32 << 10
)

// conditions checks the status conditions of kinds that use the common type.
func (l *ErrorList) conditions(path Path, conditions []Condition) {
	types := map[string]bool{}
	for i := range conditions {
		c, at := &conditions[i], path.Index(i)
		if types[c.Type] {
			l.add(at.Child("type").Duplicate(c.Type))
		}
		types[c.Type] = true
		l.condition(at, c)
	}
}

func (l *ErrorList) condition(path Path, c *Condition) {
	l.format(path, "type", c.Type, IsQualifiedName)
	oneOf(l, path, "status", c.Status, ConditionFalse, ConditionTrue, ConditionUnknown)
	if c.ObservedGeneration < 0 {
		l.add(path.Child("observedGeneration").Invalid(c.ObservedGeneration, "must be greater than or equal to zero"))
	}
	if c.LastTransitionTime.IsZero() {
		l.add(path.Child("lastTransitionTime").Required(""))
	}
	l.requiredFormat(path, "reason", c.Reason, isConditionReason)
	if len(c.Reason) > maxConditionReason {
		l.add(path.Child("reason").TooLong(maxConditionReason))
	}
	if len(c.Message) > maxConditionMessage {
		l.add(path.Child("message").TooLong(maxConditionMessage))
	}
}

// isConditionReason checks for one word, or several with commas and colons between them.
func isConditionReason(value string) []string {
	word := func(c byte) bool { return alphanumeric(c) || c == '_' }
	n := len(value)
	if n > 0 && alphanumeric(value[0]) && !digit(value[0]) && word(value[n-1]) && every(value, func(c byte) bool { return word(c) || c == ',' || c == ':' }) {
		return nil
	}
	return []string{regexMessage("a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
		"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")}
}
