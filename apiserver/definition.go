package apiserver

import (
	"fmt"
	"slices"

	"kubelite/api"
	"kubelite/apiserver/structural"
)

// The kind CustomResourceDefinition itself: a built-in kind as any other, whose validation goes into the schemas too. What
// the server makes of definitions is in definitions.go.

// definitionKind is the kind with the rules about schemas added.
var definitionKind = func() *api.Kind {
	kind := *api.KindOf[*api.CustomResourceDefinition]()
	plain, plainUpdate := kind.Validate, kind.ValidateUpdate
	kind.Validate = func(obj api.Object) api.ErrorList {
		return append(plain(obj), checkSchemas(obj.(*api.CustomResourceDefinition), nil)...)
	}
	kind.ValidateUpdate = func(obj, old api.Object) api.ErrorList {
		return append(plainUpdate(obj, old), checkSchemas(obj.(*api.CustomResourceDefinition), old.(*api.CustomResourceDefinition))...)
	}
	return &kind
}()

// checkSchemas checks the schemas of all versions, and what refers to fields in them.
func checkSchemas(crd, old *api.CustomResourceDefinition) (errs api.ErrorList) {
	versions := crd.Spec.Versions
	schemas := api.NewVersionField(versions, "schema", func(v *api.CustomResourceDefinitionVersion) *api.CustomResourceValidation { return v.Schema })
	fields := api.NewVersionField(versions, "selectableFields", func(v *api.CustomResourceDefinitionVersion) []api.SelectableField { return v.SelectableFields })
	anyStatus := slices.ContainsFunc(versions, hasStatus)
	for i := range versions {
		v := &versions[i]
		if path, check := schemas.Path(i); check {
			unchanged := false
			if old != nil {
				before := versionOf(old, v.Name)
				unchanged = before != nil && api.Equal(before.Schema, v.Schema)
			}
			errs = append(errs, structural.CheckDefinition(path, v.Schema, hasStatus(*v) || schemas.Common && anyStatus, unchanged)...)
		}
		path, check := fields.Path(i)
		switch { // upstream looks for the schema where the fields are: in the spec, or in the version
		case !check || len(v.SelectableFields) == 0:
		case fields.Common && !schemas.Common:
			errs = append(errs, path.Invalid("", "may only be set when validations.schema is included"))
		case schemas.Common && !fields.Common:
			errs = append(errs, structural.CheckSelectableFields(path, v.SelectableFields, nil)...)
		default:
			errs = append(errs, structural.CheckSelectableFields(path, v.SelectableFields, v.Schema)...)
		}
	}
	return errs
}

func hasStatus(v api.CustomResourceDefinitionVersion) bool {
	return v.Subresources != nil && v.Subresources.Status != nil
}

func versionOf(crd *api.CustomResourceDefinition, name string) *api.CustomResourceDefinitionVersion {
	for i := range crd.Spec.Versions {
		if crd.Spec.Versions[i].Name == name {
			return &crd.Spec.Versions[i]
		}
	}
	return nil
}

// definitionStrategy: a definition that is deleted lingers until all its objects are gone.
var definitionStrategy = Strategy{
	Resets:           statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) { api.PrepareNewDefinition(obj.(*api.CustomResourceDefinition)) },
	PrepareForUpdate: func(obj, old api.Object) {
		api.PrepareDefinitionUpdate(obj.(*api.CustomResourceDefinition), old.(*api.CustomResourceDefinition))
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.CustomResourceDefinition).Spec = old.(*api.CustomResourceDefinition).Spec
	},
	Generation:        func(obj api.Object) any { return obj.(*api.CustomResourceDefinition).Spec },
	ConditionalUpdate: true,
	Warnings: func(obj, old api.Object) (warnings []string) {
		known := map[string]bool{}
		if old != nil {
			for _, format := range unknownFormats(old.(*api.CustomResourceDefinition)) {
				known[format] = true
			}
		}
		for _, format := range unknownFormats(obj.(*api.CustomResourceDefinition)) {
			if !known[format] {
				warnings = append(warnings, fmt.Sprintf("unrecognized format %q", format))
			}
		}
		return warnings
	},
	// At the first DELETE it gets a finalizer, so that its objects go before it.
	Finalized: func(obj api.Object) bool { return obj.GetObjectMeta().DeletionTimestamp != nil },
	OnDelete: func(obj api.Object) {
		crd := obj.(*api.CustomResourceDefinition)
		if crd.Condition(api.CRDTerminating) != nil || slices.Contains(crd.Finalizers, api.CRDCleanupFinalizer) {
			return // asked for before
		}
		crd.Finalizers = append(crd.Finalizers, api.CRDCleanupFinalizer)
		crd.SetCondition(api.CustomResourceDefinitionCondition{
			Type: api.CRDTerminating, Status: api.ConditionTrue, Reason: "InstanceDeletionPending",
			Message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
		}, api.Now())
	},
}

func unknownFormats(crd *api.CustomResourceDefinition) (formats []string) {
	for i := range crd.Spec.Versions {
		if schema := crd.Spec.Versions[i].Schema; schema != nil {
			formats = append(formats, structural.UnknownFormats(schema.OpenAPIV3Schema)...)
		}
	}
	return formats
}
