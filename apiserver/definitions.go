package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// definitions makes the server serve what CustomResourceDefinitions say. It is a control loop like those of the
// controllers, but inside the server, because rows of the table are the server's own:
//
//	definition ──names accepted?──> rows in the table ──> condition Established
//	           ──deleted──> objects deleted ──all gone──> finalizer taken away, rows out of the table
//
// Names are accepted unless another definition of the group has them already; who came first keeps them.
type definitions struct {
	server *Server
	// served is what is in the table now, by name of the definition. Only the loop's goroutine touches it.
	served map[string]*servedKind
}

// servedKind is a definition as it is served.
type servedKind struct {
	kind   *customKind
	rows   []*Resource
	stored *Resource
	made   string // from what: when this changes, the rows are made anew
}

// cleanupInterval is how often the loop looks whether the objects of deleted definitions are gone.
const cleanupInterval = 200 * time.Millisecond

// start serves the definitions that are there when the server starts.
func (d *definitions) start(ctx context.Context) error {
	for _, crd := range d.all() {
		if err := d.serve(ctx, crd, &crd.Status.AcceptedNames); err != nil {
			return fmt.Errorf("serve the custom resource %s: %w", crd.Name, err)
		}
	}
	return nil
}

// run follows the definitions until ctx ends.
func (d *definitions) run(ctx context.Context) error {
	kc := d.server.cache.kind(d.row())
	kc.mu.Lock()
	place := kc.subscribe(feedKey{})
	kc.mu.Unlock()
	defer kc.unsubscribe(feedKey{})
	ticker := time.NewTicker(cleanupInterval)
	defer ticker.Stop()
	for {
		again := d.sync(ctx)
		var tick <-chan time.Time
		if again {
			tick = ticker.C
		}
		select {
		case <-place.ready:
			for place.isReady() {
				place = place.next
			}
		case <-tick:
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *definitions) row() *Resource { return resourceOf[*api.CustomResourceDefinition](d.server) }

// all are the definitions as the cache has them, the oldest first: names go to who came first.
func (d *definitions) all() []*api.CustomResourceDefinition {
	res := d.row()
	entries, _ := d.server.cache.kind(res).list(res.prefix, "")
	var all []*api.CustomResourceDefinition
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil {
			d.server.log.Error("a stored custom resource definition cannot be read", "name", e.name, "error", err)
			continue
		}
		all = append(all, obj.(*api.CustomResourceDefinition))
	}
	slices.SortStableFunc(all, func(a, b *api.CustomResourceDefinition) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	return all
}

// sync brings the table in line with all definitions. again tells that something has to be looked at again soon.
func (d *definitions) sync(ctx context.Context) (again bool) {
	all := d.all()
	there := map[string]bool{}
	for _, crd := range all {
		there[crd.Name] = true
		wait, err := d.syncOne(ctx, crd, all)
		if err != nil && ctx.Err() == nil && !api.IsConflict(err) && !api.IsNotFound(err) {
			d.server.log.Error("a custom resource definition cannot be served", "name", crd.Name, "error", err)
			again = true
		}
		again = again || wait
	}
	for name, served := range d.served {
		if there[name] {
			continue
		}
		gone := withSeen(ctx, d.server.cache.kind(d.row()).lastChange())
		if err := d.server.replaceRows(gone, served.rows, nil, nil); err != nil {
			d.server.log.Error("a custom resource cannot be taken away", "name", name, "error", err)
			again = true
			continue
		}
		delete(d.served, name)
	}
	return again
}

// syncOne looks at one definition. wait tells that it is to be looked at again though it does not change.
func (d *definitions) syncOne(ctx context.Context, crd *api.CustomResourceDefinition, all []*api.CustomResourceDefinition) (wait bool, err error) {
	ctx = withSeen(ctx, revisionOfMeta(&crd.ObjectMeta))
	names, accepted := acceptNames(crd, all)
	if accepted.Status == api.ConditionTrue || crd.Is(api.CRDEstablished) {
		// First the rows, then the condition: who sees Established finds the kind served. Discovery tells of it from then on.
		if err := d.serve(ctx, crd, &names); err != nil {
			return false, err
		}
	}
	changed := d.setConditions(crd, names, accepted)
	for _, other := range all {
		if other.Name == crd.Name {
			other.Status.AcceptedNames = names // who comes later in this round sees it
		}
	}
	if changed {
		if err := d.writeStatus(ctx, crd); err != nil {
			return false, err
		}
	}
	if crd.DeletionTimestamp != nil && slices.Contains(crd.Finalizers, api.CRDCleanupFinalizer) {
		return d.cleanUp(ctx, crd)
	}
	return false, nil
}

// acceptNames finds the names under which a definition can be served, and whether they are those that it wants.
func acceptNames(crd *api.CustomResourceDefinition, all []*api.CustomResourceDefinition) (api.CustomResourceDefinitionNames, api.CustomResourceDefinitionCondition) {
	resources, kinds := map[string]bool{}, map[string]bool{}
	for _, other := range all {
		if other.Spec.Group != crd.Spec.Group || other.Name == crd.Name {
			continue
		}
		taken := &other.Status.AcceptedNames
		for _, name := range append([]string{taken.Plural, taken.Singular}, taken.ShortNames...) {
			resources[name] = true
		}
		kinds[taken.Kind], kinds[taken.ListKind] = true, true
	}
	wanted, names := &crd.Spec.Names, crd.Status.AcceptedNames
	condition := api.CustomResourceDefinitionCondition{Type: api.CRDNamesAccepted, Status: api.ConditionTrue, Reason: "NoConflicts", Message: "no conflicts found"}
	conflict := func(reason string, taken []string) {
		for i, name := range taken {
			taken[i] = fmt.Sprintf("%q is already in use", name)
		}
		message := taken[0]
		if len(taken) > 1 {
			message = "[" + strings.Join(taken, ", ") + "]"
		}
		condition.Status, condition.Reason, condition.Message = api.ConditionFalse, reason, message
	}
	take := func(field *string, want, reason string, taken map[string]bool) {
		if *field != want && taken[want] {
			conflict(reason, []string{want})
			return
		}
		*field = want
	}
	take(&names.Plural, wanted.Plural, "PluralConflict", resources)
	take(&names.Singular, wanted.Singular, "SingularConflict", resources)
	var taken []string
	for _, name := range wanted.ShortNames {
		if resources[name] && !slices.Contains(names.ShortNames, name) {
			taken = append(taken, name)
		}
	}
	if len(taken) > 0 {
		conflict("ShortNamesConflict", taken)
	} else {
		names.ShortNames = wanted.ShortNames
	}
	take(&names.Kind, wanted.Kind, "KindConflict", kinds)
	take(&names.ListKind, wanted.ListKind, "ListKindConflict", kinds)
	names.Categories = wanted.Categories
	return names, condition
}

// setConditions puts into the status what was found out, and tells whether that is news.
func (d *definitions) setConditions(crd *api.CustomResourceDefinition, names api.CustomResourceDefinitionNames, accepted api.CustomResourceDefinitionCondition) bool {
	now := api.Time{Time: time.Now().Truncate(time.Second)}
	changed := !api.Equal(crd.Status.AcceptedNames, names)
	crd.Status.AcceptedNames = names
	changed = crd.SetCondition(accepted, now) || changed
	established := api.CustomResourceDefinitionCondition{Type: api.CRDEstablished, Status: api.ConditionFalse, Reason: "NotAccepted", Message: "not all names are accepted"}
	switch {
	case crd.Is(api.CRDEstablished):
		established = *crd.Condition(api.CRDEstablished)
	case accepted.Status == api.ConditionTrue:
		established.Status, established.Reason, established.Message = api.ConditionTrue, "InitialNamesAccepted", "the initial names have been accepted"
	}
	changed = crd.SetCondition(established, now) || changed
	if api.IsProtectedGroup(crd.Spec.Group) {
		changed = crd.SetCondition(approval(crd), now) || changed
	}
	return changed
}

func approval(crd *api.CustomResourceDefinition) api.CustomResourceDefinitionCondition {
	state, text := api.APIApproval(crd)
	condition := api.CustomResourceDefinitionCondition{Type: api.CRDAPIApprovalConformant, Status: api.ConditionFalse, Message: text}
	switch state {
	case "approved":
		condition.Status, condition.Reason = api.ConditionTrue, "ApprovedAnnotation"
	case "bypassed":
		condition.Reason = "UnapprovedAnnotation"
	case "missing":
		condition.Reason = "MissingAnnotation"
	default:
		condition.Reason = "InvalidAnnotation"
	}
	return condition
}

// writeStatus stores what the loop put into a definition's status, and its finalizers.
func (d *definitions) writeStatus(ctx context.Context, crd *api.CustomResourceDefinition) error {
	req := d.server.internalRequest(ctx, "update", d.row(), "", crd.Name)
	req.Subresource = "status"
	_, err := d.server.update(ctx, req, func(api.Object) (api.Object, error) { return api.DeepCopy(crd), nil })
	return err
}

// serve puts the rows of a definition into the table, if they are not there as it says now.
func (d *definitions) serve(ctx context.Context, crd *api.CustomResourceDefinition, names *api.CustomResourceDefinitionNames) error {
	if names.Plural == "" { // nothing has been accepted yet
		return nil
	}
	made := fmt.Sprintf("%s %d %v %v", crd.UID, crd.Generation, *names, crd.DeletionTimestamp != nil)
	before := d.served[crd.Name]
	if before != nil && before.made == made {
		return nil
	}
	since := revisionOfMeta(&crd.ObjectMeta)
	if before != nil && before.kind.definition.Generation == crd.Generation {
		since = before.kind.since
	}
	kind := d.server.newCustomKind(crd, names, since)
	now := &servedKind{kind: kind, made: made}
	now.rows, now.stored = kind.rows()
	var out []*Resource
	if before != nil {
		out = before.rows
	}
	if err := d.server.replaceRows(ctx, out, now.rows, now.stored); err != nil {
		return err
	}
	d.served[crd.Name] = now
	return nil
}

// cleanUp deletes the objects of a deleted definition. When all are gone it lets the definition go.
func (d *definitions) cleanUp(ctx context.Context, crd *api.CustomResourceDefinition) (wait bool, err error) {
	terminating := api.CustomResourceDefinitionCondition{
		Type: api.CRDTerminating, Status: api.ConditionFalse, Reason: "NeverEstablished", Message: "resource was never established",
	}
	if served := d.served[crd.Name]; served != nil && crd.Is(api.CRDEstablished) {
		terminating.Reason, terminating.Message = "InstanceDeletionCompleted", "removed all instances"
		left, err := d.deleteObjects(ctx, served.stored)
		if err != nil {
			return true, err
		}
		if left > 0 {
			terminating.Status, terminating.Reason, terminating.Message = api.ConditionTrue, "InstanceDeletionInProgress", "CustomResource deletion is in progress"
			if crd.SetCondition(terminating, api.Now()) {
				return true, d.writeStatus(ctx, crd)
			}
			return true, nil
		}
	}
	crd.SetCondition(terminating, api.Now())
	crd.Finalizers = slices.DeleteFunc(crd.Finalizers, func(f string) bool { return f == api.CRDCleanupFinalizer })
	return false, d.writeStatus(ctx, crd)
}

// deleteObjects asks for the deletion of all objects, and returns how many are still there.
func (d *definitions) deleteObjects(ctx context.Context, stored *Resource) (left int, err error) {
	kc := d.server.cache.kind(stored)
	entries, _ := kc.list(stored.prefix, "")
	if len(entries) == 0 {
		return 0, nil
	}
	req := d.server.internalRequest(ctx, "deletecollection", stored, "", "")
	if err := d.server.deleteAll(ctx, req, entries, &api.DeleteOptions{}); err != nil {
		return len(entries), errors.Join(errors.New("delete the objects of a custom resource definition"), err)
	}
	entries, _ = kc.list(stored.prefix, "")
	return len(entries), nil
}

func revisionOfMeta(meta *api.ObjectMeta) int64 {
	revision, err := parseRevision(meta.ResourceVersion)
	if err != nil { // it was written by the store
		return 0
	}
	return revision
}
