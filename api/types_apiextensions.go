package api

import "bytes"

// ResourceScope says whether objects live in namespaces.
type ResourceScope string

const (
	ClusterScoped   ResourceScope = "Cluster"    // There is one set of objects for the whole cluster.
	NamespaceScoped ResourceScope = "Namespaced" // Every namespace has objects of its own.
)

// ConversionStrategyType names a way to turn one version of a custom resource into another.
type ConversionStrategyType string

const (
	NoneConverter    ConversionStrategyType = "None"    // Only apiVersion changes.
	WebhookConverter ConversionStrategyType = "Webhook" // A program is asked.
)

// CustomResourceDefinition adds a kind to the API: its names, its versions and their schemas. Its own name is
// <plural>.<group>.
type CustomResourceDefinition struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the kind is called and what its objects look like.
	Spec CustomResourceDefinitionSpec `json:"spec" pb:"2"`
	// What the server made of it.
	Status CustomResourceDefinitionStatus `json:"status,omitempty" pb:"3"`
}

// CustomResourceDefinitionSpec is what the author of the kind says about it.
type CustomResourceDefinitionSpec struct {
	// The API group, a domain with at least one dot. Objects are served under /apis/<group>/... Cannot change.
	Group string `json:"group" pb:"1"`
	// What the kind is called.
	Names CustomResourceDefinitionNames `json:"names" pb:"3"`
	// Whether objects live in namespaces: Cluster or Namespaced. Cannot change once the kind is established.
	Scope ResourceScope `json:"scope" pb:"4"`
	// The versions of the kind. Exactly one of them is the one that objects are stored in.
	Versions []CustomResourceDefinitionVersion `json:"versions" pb:"7" list:"atomic"`
	// How objects are turned from one version into another. Defaults to the strategy None.
	Conversion *CustomResourceConversion `json:"conversion,omitempty" pb:"9"`
	// Whether fields that the schema does not know are kept everywhere. Deprecated: may not be true in new objects; set
	// x-kubernetes-preserve-unknown-fields in the schema.
	PreserveUnknownFields bool `json:"preserveUnknownFields,omitempty" pb:"10"`
}

// CustomResourceConversion says how versions are turned into each other.
type CustomResourceConversion struct {
	// None changes apiVersion and nothing else; Webhook asks a program.
	Strategy ConversionStrategyType `json:"strategy" pb:"1"`
	// Whom to ask. Required by the strategy Webhook, forbidden by None.
	Webhook *WebhookConversion `json:"webhook,omitempty" pb:"2"`
}

// WebhookConversion says how to call a conversion webhook.
type WebhookConversion struct {
	// Where the webhook is.
	ClientConfig *APIExtensionsWebhookClientConfig `json:"clientConfig,omitempty" pb:"2"`
	// The versions of ConversionReview that the webhook understands, the one it likes best first. The server takes
	// the first that it knows too: v1.
	ConversionReviewVersions []string `json:"conversionReviewVersions" pb:"3" list:"atomic"`
}

// APIExtensionsWebhookClientConfig says how the API server reaches a conversion webhook: exactly one of url and service is
// set.
type APIExtensionsWebhookClientConfig struct {
	// Where the webhook is, "https://host:port/path". It may not hold a user, a query or a fragment.
	URL *string `json:"url,omitempty" pb:"3"`
	// The Service that the webhook is behind.
	Service *APIExtensionsServiceReference `json:"service,omitempty" pb:"1"`
	// The authorities, in PEM form, that may have signed the webhook's certificate. Empty: those that the API server's
	// machine trusts.
	CABundle []byte `json:"caBundle,omitempty" pb:"2"`
}

// APIExtensionsServiceReference names the Service that a conversion webhook is behind.
type APIExtensionsServiceReference struct {
	// The Service's namespace.
	Namespace string `json:"namespace" pb:"1"`
	// The Service's name.
	Name string `json:"name" pb:"2"`
	// The path in the URL. Default: none.
	Path *string `json:"path,omitempty" pb:"3"`
	// The port of the Service, from 1 to 65535. Default: 443.
	Port *int32 `json:"port,omitempty" pb:"4"`
}

// CustomResourceDefinitionVersion is one version of a custom kind.
type CustomResourceDefinitionVersion struct {
	// Name of the version: v1, v1beta1. Part of the URL.
	Name string `json:"name" pb:"1"`
	// Whether the API serves it.
	Served bool `json:"served" pb:"2"`
	// Whether objects are stored in this version. Exactly one version has it.
	Storage bool `json:"storage" pb:"3"`
	// Whether clients are warned when they use it. Defaults to false.
	Deprecated bool `json:"deprecated,omitempty" pb:"7"`
	// What the warning says. Only of deprecated versions; defaults to a text that names a newer version if there is
	// one.
	DeprecationWarning *string `json:"deprecationWarning,omitempty" pb:"8"`
	// What objects look like.
	Schema *CustomResourceValidation `json:"schema,omitempty" pb:"4"`
	// Which subresources objects have. Defaults to none.
	Subresources *CustomResourceSubresources `json:"subresources,omitempty" pb:"5"`
	// The columns of `kubectl get` behind the name. Defaults to one that shows the age.
	AdditionalPrinterColumns []CustomResourceColumnDefinition `json:"additionalPrinterColumns,omitempty" pb:"6" list:"atomic"`
	// The fields that field selectors may ask for, at most 8.
	SelectableFields []SelectableField `json:"selectableFields,omitempty" pb:"9" list:"atomic"`
}

// SelectableField names a field for field selectors.
type SelectableField struct {
	// Path of a string, boolean or integer field without arrays: .spec.color
	JSONPath string `json:"jsonPath" pb:"1"`
}

// CustomResourceColumnDefinition is one column of the table that `kubectl get` shows.
type CustomResourceColumnDefinition struct {
	// Heading of the column.
	Name string `json:"name" pb:"1"`
	// Type of the cells: boolean, date, integer, number or string.
	Type string `json:"type" pb:"2"`
	// Format of the cells, such as date-time. Defaults to none.
	Format string `json:"format,omitempty" pb:"3"`
	// What the column shows, for people.
	Description string `json:"description,omitempty" pb:"4"`
	// 0 for columns that are always shown; higher ones only with -o wide. Defaults to 0.
	Priority int32 `json:"priority,omitempty" pb:"5"`
	// Simple JSON path of the value in the object: .spec.color
	JSONPath string `json:"jsonPath" pb:"6"`
}

// CustomResourceDefinitionNames are the names of a kind.
type CustomResourceDefinitionNames struct {
	// Name of the resource in URLs, in lower case. Cannot change.
	Plural string `json:"plural" pb:"1"`
	// Name of one of them, in lower case. Defaults to the kind in lower case.
	Singular string `json:"singular,omitempty" pb:"2"`
	// Short forms for command lines. Defaults to none.
	ShortNames []string `json:"shortNames,omitempty" pb:"3" list:"atomic"`
	// The kind, as objects write it.
	Kind string `json:"kind" pb:"4"`
	// The kind of lists. Defaults to the kind and "List".
	ListKind string `json:"listKind,omitempty" pb:"5"`
	// Groups of kinds that this one belongs to, such as "all". Defaults to none.
	Categories []string `json:"categories,omitempty" pb:"6" list:"atomic"`
}

// CustomResourceDefinitionConditionType names a condition of a definition.
type CustomResourceDefinitionConditionType string

const (
	CRDEstablished            CustomResourceDefinitionConditionType = "Established"                           // The kind is served.
	CRDNamesAccepted          CustomResourceDefinitionConditionType = "NamesAccepted"                         // Its names collide with no other kind's of the group.
	CRDNonStructuralSchema    CustomResourceDefinitionConditionType = "NonStructuralSchema"                   // A schema leaves open what type some fields have.
	CRDTerminating            CustomResourceDefinitionConditionType = "Terminating"                           // It is being deleted, and its objects with it.
	CRDAPIApprovalConformant  CustomResourceDefinitionConditionType = "KubernetesAPIApprovalPolicyConformant" // A group of the Kubernetes project has the project's approval.
	CRDStorageMigrating       CustomResourceDefinitionConditionType = "StorageMigrating"                      // Objects are being written anew in the storage version.
	CRDCleanupFinalizer                                             = "customresourcecleanup.apiextensions.k8s.io"
	KubeAPIApprovedAnnotation                                       = "api-approved.kubernetes.io"
)

// CustomResourceDefinitionCondition is one thing that is true or false of a definition. The server writes it.
type CustomResourceDefinitionCondition struct {
	// What it is about: Established, NamesAccepted, Terminating, ...
	Type CustomResourceDefinitionConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word for programs.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
	// The generation of the definition that it is about.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"6"`
}

// CustomResourceDefinitionStatus is what the server made of a definition.
type CustomResourceDefinitionStatus struct {
	// What is true of it.
	Conditions []CustomResourceDefinitionCondition `json:"conditions" pb:"1" list:"map" mapKeys:"type" api:"optional"`
	// The names under which the kind is served. They differ from those in spec where these collide with another
	// kind's.
	AcceptedNames CustomResourceDefinitionNames `json:"acceptedNames" pb:"2" api:"optional"`
	// Every version that objects were ever stored in. A version may leave spec.versions only after it has been taken
	// out of here, which is for who migrates the objects to do.
	StoredVersions []string `json:"storedVersions" pb:"3" list:"atomic" api:"optional"`
	// The generation that the server has seen.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"4"`
}

// CustomResourceValidation holds the schema of a version.
type CustomResourceValidation struct {
	// The schema. It has to be structural: every field says what type it has.
	OpenAPIV3Schema *JSONSchemaProps `json:"openAPIV3Schema,omitempty" pb:"1"`
}

// CustomResourceSubresources are the subresources of a custom resource.
type CustomResourceSubresources struct {
	// Makes .../status the only way to write .status, and .status the only thing that can be written there.
	Status *CustomResourceSubresourceStatus `json:"status,omitempty" pb:"1"`
	// Makes .../scale, which shows the object as a Scale of autoscaling/v1.
	Scale *CustomResourceSubresourceScale `json:"scale,omitempty" pb:"2"`
}

// CustomResourceSubresourceStatus turns the status subresource on. It has no settings.
type CustomResourceSubresourceStatus struct{}

// CustomResourceSubresourceScale says where a custom resource has its numbers of replicas.
type CustomResourceSubresourceScale struct {
	// Path of the wanted number below .spec, in dots: .spec.replicas
	SpecReplicasPath string `json:"specReplicasPath" pb:"1"`
	// Path of the present number below .status: .status.replicas
	StatusReplicasPath string `json:"statusReplicasPath" pb:"2"`
	// Path of a label selector, as a string, below .spec or .status. Autoscalers need it. Defaults to none.
	LabelSelectorPath *string `json:"labelSelectorPath,omitempty" pb:"3"`
}

// JSONSchemaProps is a schema of JSON data, in the dialect of OpenAPI v3.
type JSONSchemaProps struct {
	// Not supported.
	ID string `json:"id,omitempty" pb:"1"`
	// URL of the dialect. Not used.
	Schema JSONSchemaURL `json:"$schema,omitempty" pb:"2"`
	// Not supported: schemas are written out.
	Ref *string `json:"$ref,omitempty" pb:"3"`
	// What it is, for people: kubectl explain shows it.
	Description string `json:"description,omitempty" pb:"4"`
	// Type of the value: array, boolean, integer, number, object or string.
	Type string `json:"type,omitempty" pb:"5"`
	// Format of strings and numbers: date-time, int32, ... One that the server does not know is not checked.
	Format string `json:"format,omitempty" pb:"6"`
	// Short name, for people.
	Title string `json:"title,omitempty" pb:"7"`
	// The value that a missing field gets.
	Default *JSON `json:"default,omitempty" pb:"8"`
	// Largest number.
	Maximum *float64 `json:"maximum,omitempty" pb:"9"`
	// Whether maximum itself is too large.
	ExclusiveMaximum bool `json:"exclusiveMaximum,omitempty" pb:"10"`
	// Smallest number.
	Minimum *float64 `json:"minimum,omitempty" pb:"11"`
	// Whether minimum itself is too small.
	ExclusiveMinimum bool `json:"exclusiveMinimum,omitempty" pb:"12"`
	// Most characters of a string.
	MaxLength *int64 `json:"maxLength,omitempty" pb:"13"`
	// Fewest characters of a string.
	MinLength *int64 `json:"minLength,omitempty" pb:"14"`
	// Regular expression that strings match somewhere.
	Pattern string `json:"pattern,omitempty" pb:"15"`
	// Most items of an array.
	MaxItems *int64 `json:"maxItems,omitempty" pb:"16"`
	// Fewest items of an array.
	MinItems *int64 `json:"minItems,omitempty" pb:"17"`
	// Not supported as true: see x-kubernetes-list-type.
	UniqueItems bool `json:"uniqueItems,omitempty" pb:"18"`
	// What numbers are a multiple of.
	MultipleOf *float64 `json:"multipleOf,omitempty" pb:"19"`
	// All values there are.
	Enum []JSON `json:"enum,omitempty" pb:"20" list:"atomic"`
	// Most fields of an object.
	MaxProperties *int64 `json:"maxProperties,omitempty" pb:"21"`
	// Fewest fields of an object.
	MinProperties *int64 `json:"minProperties,omitempty" pb:"22"`
	// Names of fields that must be there.
	Required []string `json:"required,omitempty" pb:"23" list:"atomic"`
	// Schema of the items of an array.
	Items *JSONSchemaPropsOrArray `json:"items,omitempty" pb:"24"`
	// Schemas that must all fit. They may say nothing about types.
	AllOf []JSONSchemaProps `json:"allOf,omitempty" pb:"25" list:"atomic"`
	// Schemas of which exactly one must fit.
	OneOf []JSONSchemaProps `json:"oneOf,omitempty" pb:"26" list:"atomic"`
	// Schemas of which at least one must fit.
	AnyOf []JSONSchemaProps `json:"anyOf,omitempty" pb:"27" list:"atomic"`
	// A schema that must not fit.
	Not *JSONSchemaProps `json:"not,omitempty" pb:"28"`
	// Schemas of fields, by name.
	Properties map[string]JSONSchemaProps `json:"properties,omitempty" pb:"29"`
	// Schema of all values of a map. Excludes properties.
	AdditionalProperties *JSONSchemaPropsOrBool `json:"additionalProperties,omitempty" pb:"30"`
	// Not supported.
	PatternProperties map[string]JSONSchemaProps `json:"patternProperties,omitempty" pb:"31"`
	// Not supported.
	Dependencies JSONSchemaDependencies `json:"dependencies,omitempty" pb:"32"`
	// Not supported.
	AdditionalItems *JSONSchemaPropsOrBool `json:"additionalItems,omitempty" pb:"33"`
	// Not supported.
	Definitions JSONSchemaDefinitions `json:"definitions,omitempty" pb:"34"`
	// Where more is written, for people.
	ExternalDocs *ExternalDocumentation `json:"externalDocs,omitempty" pb:"35"`
	// A value, for people.
	Example *JSON `json:"example,omitempty" pb:"36"`
	// Whether null is a value. Else a null in an object is dropped where there is a default. Defaults to false.
	Nullable bool `json:"nullable,omitempty" pb:"37"`
	// Whether fields that the schema does not know are kept below here. Defaults to false; false may not be written.
	XPreserveUnknownFields *bool `json:"x-kubernetes-preserve-unknown-fields,omitempty" pb:"38"`
	// Whether the value is an object of the API with apiVersion, kind and metadata, which are checked. Defaults to
	// false.
	XEmbeddedResource bool `json:"x-kubernetes-embedded-resource,omitempty" pb:"39"`
	// Whether the value is an integer or a string. Defaults to false.
	XIntOrString bool `json:"x-kubernetes-int-or-string,omitempty" pb:"40"`
	// The fields that tell the items of a list of type map apart.
	XListMapKeys []string `json:"x-kubernetes-list-map-keys,omitempty" pb:"41" list:"atomic"`
	// How lists merge: atomic (one value), set (scalars, each there once) or map (items told apart by keys). Defaults
	// to atomic.
	XListType *string `json:"x-kubernetes-list-type,omitempty" pb:"42"`
	// How objects merge: granular (field by field) or atomic (one value). Defaults to granular.
	XMapType *string `json:"x-kubernetes-map-type,omitempty" pb:"43"`
	// Rules in the expression language.
	XValidations []ValidationRule `json:"x-kubernetes-validations,omitempty" pb:"44" patch:"merge" mergeKey:"rule" list:"map" mapKeys:"rule"`
}

// FieldValueErrorReason is the reason that a broken rule gives.
type FieldValueErrorReason string

const (
	FieldValueRequired  FieldValueErrorReason = "FieldValueRequired"
	FieldValueDuplicate FieldValueErrorReason = "FieldValueDuplicate"
	FieldValueInvalid   FieldValueErrorReason = "FieldValueInvalid"
	FieldValueForbidden FieldValueErrorReason = "FieldValueForbidden"
)

// ValidationRule is something that must be true of a value.
type ValidationRule struct {
	// Expression about self, the value, that must be true. If it mentions oldSelf, the value before, it is checked on
	// updates only: self.replicas >= oldSelf.replicas
	Rule string `json:"rule" pb:"1"`
	// What is said when the rule is broken. Defaults to "failed rule: " and the rule.
	Message string `json:"message,omitempty" pb:"2"`
	// Expression that makes the message. It goes before message.
	MessageExpression string `json:"messageExpression,omitempty" pb:"3"`
	// Reason of the error. Defaults to FieldValueInvalid.
	Reason *FieldValueErrorReason `json:"reason,omitempty" pb:"4"`
	// Path, below the value, of the field to blame: .spec.replicas. Defaults to the value itself.
	FieldPath string `json:"fieldPath,omitempty" pb:"5"`
	// Whether a rule that mentions oldSelf is checked on creation too; oldSelf then may be absent. Defaults to false.
	OptionalOldSelf *bool `json:"optionalOldSelf,omitempty" pb:"6"`
}

// JSONSchemaURL is the URL of a dialect of schemas.
type JSONSchemaURL string

// JSONSchemaDependencies are rules of the form "if this field is there, then ...".
type JSONSchemaDependencies map[string]JSONSchemaPropsOrStringArray

// JSONSchemaDefinitions are schemas by name.
type JSONSchemaDefinitions map[string]JSONSchemaProps

// ExternalDocumentation says where more is written.
type ExternalDocumentation struct {
	// What is there.
	Description string `json:"description,omitempty" pb:"1"`
	// Where it is.
	URL string `json:"url,omitempty" pb:"2"`
}

// JSON is any JSON value.
type JSON struct {
	Raw []byte `json:"-" pb:"1"`
}

// MarshalJSON writes the bytes as they are, null when there are none.
func (j JSON) MarshalJSON() ([]byte, error) { return marshalRaw(j.Raw) }

// UnmarshalJSON keeps a copy of the bytes.
func (j *JSON) UnmarshalJSON(b []byte) error {
	if string(b) != "null" {
		j.Raw = bytes.Clone(b)
	}
	return nil
}

// Value decodes the JSON. There is nothing in it that could fail: it was decoded once when it came.
func (j *JSON) Value() any {
	if j == nil || len(j.Raw) == 0 {
		return nil
	}
	var v any
	if err := UnmarshalJSON(j.Raw, &v); err != nil {
		return nil
	}
	return v
}

// JSONSchemaPropsOrArray is a schema, or a list of them.
type JSONSchemaPropsOrArray struct {
	Schema      *JSONSchemaProps  `pb:"1"`
	JSONSchemas []JSONSchemaProps `pb:"2"`
}

// MarshalJSON writes the one or the other.
func (s JSONSchemaPropsOrArray) MarshalJSON() ([]byte, error) {
	if len(s.JSONSchemas) > 0 {
		return MarshalJSON(s.JSONSchemas)
	}
	return MarshalJSON(s.Schema)
}

// UnmarshalJSON sees by the first character what it is.
func (s *JSONSchemaPropsOrArray) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '[':
		return UnmarshalJSON(b, &s.JSONSchemas)
	case len(b) > 0 && b[0] == '{':
		s.Schema = &JSONSchemaProps{}
		return UnmarshalJSON(b, s.Schema)
	}
	return nil
}

// JSONSchemaPropsOrBool is a schema, or whether anything is allowed.
type JSONSchemaPropsOrBool struct {
	Allows bool             `pb:"1"`
	Schema *JSONSchemaProps `pb:"2"`
}

// MarshalJSON writes the one or the other.
func (s JSONSchemaPropsOrBool) MarshalJSON() ([]byte, error) {
	if s.Schema != nil {
		return MarshalJSON(s.Schema)
	}
	return MarshalJSON(s.Allows)
}

// UnmarshalJSON sees by the first character what it is. A schema allows what fits it.
func (s *JSONSchemaPropsOrBool) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		s.Allows, s.Schema = true, &JSONSchemaProps{}
		return UnmarshalJSON(b, s.Schema)
	}
	return UnmarshalJSON(b, &s.Allows)
}

// JSONSchemaPropsOrStringArray is a schema, or a list of names.
type JSONSchemaPropsOrStringArray struct {
	Schema   *JSONSchemaProps `pb:"1"`
	Property []string         `pb:"2"`
}

// MarshalJSON writes the one or the other.
func (s JSONSchemaPropsOrStringArray) MarshalJSON() ([]byte, error) {
	if len(s.Property) > 0 {
		return MarshalJSON(s.Property)
	}
	return MarshalJSON(s.Schema)
}

// UnmarshalJSON sees by the first character what it is.
func (s *JSONSchemaPropsOrStringArray) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		s.Schema = &JSONSchemaProps{}
		return UnmarshalJSON(b, s.Schema)
	}
	return UnmarshalJSON(b, &s.Property)
}

// ConversionReview asks a webhook to convert objects, and carries its answer. It is stored nowhere.
type ConversionReview struct {
	TypeMeta `json:",inline"`
	// What is asked. The server writes it.
	Request *ConversionRequest `json:"request,omitempty" pb:"1"`
	// What is answered. The webhook writes it.
	Response *ConversionResponse `json:"response,omitempty" pb:"2"`
}

// ConversionRequest is the question.
type ConversionRequest struct {
	// Tells this question from all others; the answer repeats it.
	UID UID `json:"uid" pb:"1"`
	// The version wanted: example.com/v1
	DesiredAPIVersion string `json:"desiredAPIVersion" pb:"2"`
	// The objects to convert, in one version or several.
	Objects []RawExtension `json:"objects" pb:"3" list:"atomic"`
}

// ConversionResponse is the answer.
type ConversionResponse struct {
	// That of the question.
	UID UID `json:"uid" pb:"1"`
	// The objects in the version wanted, in the same order. Of their metadata, only labels and annotations may have
	// changed.
	ConvertedObjects []RawExtension `json:"convertedObjects" pb:"2" list:"atomic"`
	// Whether it worked: Status is Success, or Failure and Message tells why. Nothing is converted then.
	Result Status `json:"result" pb:"3"`
}
