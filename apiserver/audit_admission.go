package apiserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/api/audit"
)

// What webhooks and policies tell the audit log. The keys and the forms of the values are upstream's
// (k8s.io/apiserver, pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go and .../policy/validating/dispatcher.go).

// annotateByAdmission is annotate for keys that somebody outside has chosen: those that are none are left out.
func (a *audited) annotateByAdmission(key, value string) {
	if a == nil || strings.Count(key, "/") != 1 || len(api.IsQualifiedName(key)) > 0 {
		return
	}
	a.annotate(key, value)
}

// tell puts what a webhook itself wants to tell into the log.
func (h *webhook) tell(a *audited, notes map[string]string) {
	for key, value := range notes {
		a.annotateByAdmission(h.Name+"/"+key, value)
	}
}

// turnKey is the part of a key that says which call of a webhook it was: place counts from 0.
func turnKey(round, place int) string { return fmt.Sprintf("round_%d_index_%d", round, place) }

// asked notes that a mutating webhook was asked, and whether it changed the object.
func (h *webhook) asked(a *audited, turn string, mutated bool) {
	if a == nil {
		return
	}
	a.annotate("mutation.webhook.admission.k8s.io/"+turn, noteText(struct {
		Configuration string `json:"configuration"`
		Webhook       string `json:"webhook"`
		Mutated       bool   `json:"mutated"`
	}{h.config, h.Name, mutated}))
}

// patched notes what a mutating webhook wanted to have changed. It is part of what a request says, so it is told from the level
// Request on.
func (h *webhook) patched(a *audited, turn string, patch []map[string]any) {
	if a == nil || !a.rule.Level.Includes(audit.LevelRequest) {
		return
	}
	a.annotate("patch.webhook.admission.k8s.io/"+turn, noteText(struct {
		Configuration string           `json:"configuration"`
		Webhook       string           `json:"webhook"`
		Patch         []map[string]any `json:"patch,omitempty"`
		PatchType     string           `json:"patchType,omitempty"`
	}{h.config, h.Name, patch, "JSONPatch"}))
}

// failedOpen notes that a webhook failed and the write goes on. sort is "mutation" or "validating".
func (h *webhook) failedOpen(a *audited, sort, turn string) {
	a.annotate("failed-open."+sort+".webhook.admission.k8s.io/"+turn, h.Name)
}

// noteText is a note's value.
func noteText(note any) string {
	text, err := json.Marshal(note)
	if err != nil {
		return err.Error() // it came out of JSON
	}
	return string(text)
}

// maxPolicyNote is where a policy's note is cut, in bytes.
const maxPolicyNote = 10 << 10

// policyNotes are what a policy wants to tell, by key: each of its bindings can give another value.
type policyNotes map[string][]string

func (n policyNotes) add(key, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	if len(value) > maxPolicyNote {
		value = value[:maxPolicyNote]
	}
	if !slices.Contains(n[key], value) {
		n[key] = append(n[key], value)
	}
}

func (n policyNotes) tell(a *audited, policy string) {
	for key, values := range n {
		a.annotateByAdmission(policy+"/"+key, strings.Join(values, ", "))
	}
}
