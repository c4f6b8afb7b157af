package apiserver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/structural"
)

// customRules are the hooks of one version of a custom kind: what is particular to it when its objects are written.
type customRules struct {
	kind    *customKind
	name    *api.Kind
	version *api.CustomResourceDefinitionVersion
	schema  *structural.Schema
	status  *structural.Schema // of .status alone, nil if the schema does not say
}

// hasStatus tells whether .status is written through its subresource.
func (r *customRules) hasStatus() bool {
	return r.version.Subresources != nil && r.version.Subresources.Status != nil
}

func (r *customRules) prune(obj api.Object) (unknown []error) {
	content := obj.(*api.Unstructured).Content
	dropped := r.schema.Prune(content)
	inside, _ := r.schema.PruneEmbedded(content) // validation will find what is no metadata at all
	dropped = append(dropped, inside...)
	slices.Sort(dropped)
	for _, path := range dropped {
		unknown = append(unknown, fmt.Errorf("unknown field %q", path))
	}
	return unknown
}

func (r *customRules) fillIn(obj api.Object) { r.schema.Default(obj.(*api.Unstructured).Content) }

func (r *customRules) strategy() Strategy {
	return Strategy{
		PrepareForCreate: func(obj api.Object) {
			if r.hasStatus() {
				delete(obj.(*api.Unstructured).Content, "status")
			}
		},
		PrepareForUpdate: func(obj, old api.Object) {
			if r.hasStatus() {
				keepField(obj, old, "status")
			}
		},
		PrepareForStatusUpdate: func(obj, old api.Object) {
			now, before := obj.(*api.Unstructured), old.(*api.Unstructured)
			status, has := now.Content["status"]
			now.Content = api.DeepCopy(before.Content)
			delete(now.Content, "status")
			if has {
				now.Content["status"] = status
			}
			version, managed := now.ResourceVersion, now.ManagedFields
			now.ObjectMeta = api.DeepCopy(before.ObjectMeta)
			now.ResourceVersion, now.ManagedFields = version, managed
		},
		Generation:        func(obj api.Object) any { return obj.(*api.Unstructured).Content },
		Begin:             r.begin,
		Warnings:          finalizerWarnings,
		ConditionalUpdate: true,
	}
}

// keepField makes a field what it was.
func keepField(obj, old api.Object, name string) {
	now, before := obj.(*api.Unstructured), old.(*api.Unstructured)
	if value, had := before.Content[name]; had {
		if now.Content == nil {
			now.Content = map[string]any{}
		}
		now.Content[name] = api.DeepCopy(value)
	} else {
		delete(now.Content, name)
	}
}

// begin refuses new objects of a kind that is being taken away: they would have to go at once.
func (r *customRules) begin(_ context.Context, _ *Server, req *Request, _, old api.Object) (func(bool), error) {
	if old == nil && r.kind.terminating {
		err := api.NewMethodNotSupported(r.name, "create")
		err.ErrStatus.Message = "CREATE not allowed while custom resource definition is terminating"
		return nil, err
	}
	return nil, nil
}

// finalizerWarnings advises on names that others may use too.
func finalizerWarnings(obj, old api.Object) (warnings []string) {
	for _, name := range obj.GetObjectMeta().Finalizers {
		if old != nil && slices.Contains(old.GetObjectMeta().Finalizers, name) {
			continue
		}
		for _, message := range api.IsQualifiedName(name) {
			warnings = append(warnings, fmt.Sprintf("metadata.finalizers: %q: %s", name, message))
		}
		switch {
		case strings.Contains(name, "/"), name == finalizerOrphan, name == finalizerForeground, name == "kubernetes":
		case strings.Contains(name, "."):
			warnings = append(warnings, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers", name))
		default:
			warnings = append(warnings, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers", name))
		}
	}
	return warnings
}

// whole is an object as its schema sees it: with apiVersion, kind and metadata.
func whole(obj api.Object) map[string]any {
	data, err := obj.(*api.Unstructured).JSON()
	if err != nil { // it was decoded from JSON
		return obj.(*api.Unstructured).Content
	}
	return data
}

func (r *customRules) typeMeta(obj api.Object) (errs api.ErrorList) {
	if kind := obj.GetTypeMeta().Kind; kind != r.name.Kind {
		errs = append(errs, api.Path("kind").Invalid(kind, "must be "+r.name.Kind))
	}
	return errs
}

func (r *customRules) validate(obj api.Object) api.ErrorList {
	if errs := r.typeMeta(obj); len(errs) > 0 {
		return errs
	}
	now := whole(obj)
	errs := r.schema.Validate("", now, nil, false)
	errs = append(errs, r.scale(obj, true)...)
	errs = append(errs, r.schema.ValidateEmbedded("", now)...)
	errs = append(errs, r.schema.ValidateLists("", now)...)
	return r.rules(r.schema, errs, "", now, nil, false)
}

func (r *customRules) validateUpdate(obj, old api.Object) api.ErrorList {
	if errs := r.typeMeta(obj); len(errs) > 0 {
		return errs
	}
	now, before := whole(obj), whole(old)
	errs := r.schema.Validate("", now, before, true)
	errs = append(errs, r.scale(obj, true)...)
	errs = append(errs, r.schema.ValidateEmbedded("", now)...)
	if len(r.schema.ValidateLists("", before)) == 0 { // who broke the rule before may go on
		errs = append(errs, r.schema.ValidateLists("", now)...)
	}
	return r.rules(r.schema, errs, "", now, before, true)
}

// validateStatusUpdate checks .status against its part of the schema, and the rules of the whole: a rule at the root may
// be about spec and status.
func (r *customRules) validateStatusUpdate(obj, old api.Object) api.ErrorList {
	if errs := r.typeMeta(obj); len(errs) > 0 {
		return errs
	}
	now, before := whole(obj), whole(old)
	var errs api.ErrorList
	status, has := now["status"]
	oldStatus, had := before["status"]
	if has && r.status != nil {
		errs = r.status.Validate("status", status, oldStatus, had)
	}
	errs = append(errs, r.scale(obj, false)...)
	if has && r.status != nil {
		errs = append(errs, r.status.ValidateEmbedded("status", status)...)
		if len(r.status.ValidateLists("status", oldStatus)) == 0 {
			errs = append(errs, r.status.ValidateLists("status", status)...)
		}
	}
	return r.rules(r.schema, errs, "", now, before, true)
}

// blocking are mistakes that leave an object so far from its schema that the rules make no sense.
var blocking = []api.ErrorType{api.ErrorTypeNotSupported, api.ErrorTypeRequired, api.ErrorTypeTooLong, api.ErrorTypeTooMany, api.ErrorTypeTypeInvalid}

// rules checks the rules in the expression language, unless the object is too wrong for that.
func (r *customRules) rules(schema *structural.Schema, errs api.ErrorList, base api.Path, now, old map[string]any, hadOld bool) api.ErrorList {
	if !schema.HasRules() {
		return errs
	}
	if slices.ContainsFunc(errs, func(err *api.FieldError) bool { return slices.Contains(blocking, err.Type) }) {
		return append(errs, api.Path("<nil>").Invalid(nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
	}
	var before any
	if hadOld {
		before = old
	}
	broken, _ := schema.ValidateRules(context.Background(), base, now, before, hadOld)
	return append(errs, broken...)
}

// scale checks the fields that the scale subresource shows.
func (r *customRules) scale(obj api.Object, withSpec bool) (errs api.ErrorList) {
	if r.version.Subresources == nil || r.version.Subresources.Scale == nil {
		return nil
	}
	scale, content := r.version.Subresources.Scale, obj.(*api.Unstructured).Content
	check := func(path string) {
		if mistake := checkReplicas(content, path); mistake != nil {
			errs = append(errs, mistake)
		}
	}
	if withSpec {
		check(scale.SpecReplicasPath)
	}
	check(scale.StatusReplicasPath)
	if path := api.Deref(scale.LabelSelectorPath, ""); path != "" {
		if value, found, _ := nested(content, path); found {
			if _, isText := value.(string); !isText {
				errs = append(errs, api.Path(path).Invalid("", wrongAccessor(path, value, "string").Error()))
			}
		}
	}
	return errs
}

func checkReplicas(content map[string]any, path string) *api.FieldError {
	value, found, err := nested(content, path)
	if err != nil {
		return api.Path(path).Invalid(int64(0), err.Error())
	}
	if !found {
		return nil
	}
	switch replicas, isNumber := value.(int64); {
	case !isNumber:
		return api.Path(path).Invalid(int64(0), wrongAccessor(path, value, "int64").Error())
	case replicas < 0:
		return api.Path(path).Invalid(replicas, "should be a non-negative integer")
	case replicas > math.MaxInt32:
		return api.Path(path).Invalid(replicas, fmt.Sprintf("should be less than or equal to %v", math.MaxInt32))
	}
	return nil
}

func wrongAccessor(path string, value any, wanted string) error {
	return fmt.Errorf("%s accessor error: %v is of the type %T, expected %s", path, value, value, wanted)
}

// The scale subresource of custom objects, by the paths of the definition.

// noReplicas is the number of replicas of a custom object that says none. Nobody wants so many.
const noReplicas = math.MinInt32

// customScale reads the numbers that a Scale shows.
func customScale(obj *api.Unstructured, paths *api.CustomResourceSubresourceScale) (wanted, has int32, selector string, err error) {
	value, found, _ := nested(obj.Content, paths.SpecReplicasPath)
	replicas, ok := value.(int64)
	switch {
	case !found:
		replicas = noReplicas
	case !ok:
		return 0, 0, "", api.NewInternalError(wrongAccessor(paths.SpecReplicasPath, value, "int64"))
	}
	if replicas < math.MinInt32 || replicas > math.MaxInt32 {
		return 0, 0, "", api.NewInternalError(errors.New("the spec replicas are out of range"))
	}
	status, _, _ := nested(obj.Content, paths.StatusReplicasPath)
	current, _ := status.(int64)
	if path := api.Deref(paths.LabelSelectorPath, ""); path != "" {
		value, _, _ := nested(obj.Content, path)
		selector, _ = value.(string)
	}
	return int32(replicas), int32(current), selector, nil
}
