package apiserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	gnostic "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"

	"kubelite/api"
)

// Version 2 of OpenAPI says the same in other words: one document for everything, a body is a parameter, and the
// media types stand beside the operation.
type (
	swaggerDocument struct {
		Swagger     string                       `json:"swagger"`
		Info        openapiInfo                  `json:"info"`
		Paths       map[string]map[string]any    `json:"paths"` // by method; "parameters" are those of all methods
		Definitions map[string]any               `json:"definitions"`
		Security    []map[string][]string        `json:"security"`
		Schemes     map[string]map[string]string `json:"securityDefinitions"`
	}
	swaggerOperation struct {
		Description string                     `json:"description"`
		Consumes    []string                   `json:"consumes"`
		Produces    []string                   `json:"produces"`
		Schemes     []string                   `json:"schemes"`
		Tags        []string                   `json:"tags"`
		ID          string                     `json:"operationId"`
		Parameters  []swaggerParameter         `json:"parameters,omitempty"`
		Responses   map[string]swaggerResponse `json:"responses"`
		Action      string                     `json:"x-kubernetes-action,omitempty"`
		Kind        *openapiKind               `json:"x-kubernetes-group-version-kind,omitempty"`
	}
	swaggerParameter struct {
		Name        string      `json:"name"`
		In          string      `json:"in"`
		Description string      `json:"description,omitempty"`
		Required    bool        `json:"required,omitempty"`
		Type        string      `json:"type,omitempty"`
		UniqueItems bool        `json:"uniqueItems,omitempty"`
		Schema      *openapiRef `json:"schema,omitempty"`
	}
	swaggerResponse struct {
		Description string      `json:"description"`
		Schema      *openapiRef `json:"schema,omitempty"`
	}
)

// openapiV2 makes the document of all rows of a table, and of what other servers serve.
func (s *Server) openapiV2(table *resourceTable, remotes []remoteDocument) ([]byte, error) {
	document := &swaggerDocument{
		Swagger: "2.0", Info: openapiTitle(), Paths: map[string]map[string]any{}, Definitions: api.OpenAPIDefinitions(),
		Security: []map[string][]string{{"BearerToken": {}}},
		Schemes: map[string]map[string]string{
			"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"},
		},
	}
	for _, res := range table.rows {
		if res.Definition != nil {
			maps.Copy(document.Definitions, customSchemas(res, true))
		} else if root := resourceListRoot(res.GroupVersion); document.Paths[root.url()] == nil {
			document.Paths[root.url()] = swaggerItem(root.item())
		}
		for path, item := range describeResource(res) {
			document.Paths[path] = swaggerItem(item)
		}
	}
	for _, name := range openapiRootNames(table.rows) {
		root := openapiRootOf(name)
		document.Paths[root.url()] = swaggerItem(root.item())
	}
	for _, r := range remotes {
		if err := document.merge(r); err != nil {
			s.log.Debug("the OpenAPI document of another server cannot be read", "version", r.gv.String(), "error", err)
		}
	}
	return api.MarshalJSON(document)
}

// openapiV2Protobuf turns the JSON form into the protobuf form, by the library that defines it.
func openapiV2Protobuf(document []byte) ([]byte, error) {
	parsed, err := gnostic.ParseDocument(document)
	if err != nil {
		return nil, fmt.Errorf("convert the OpenAPI document: %w", err)
	}
	return proto.Marshal(parsed)
}

func swaggerItem(item *openapiPathItem) map[string]any {
	converted := map[string]any{}
	if len(item.Parameters) > 0 {
		converted["parameters"] = swaggerParameters(item.Parameters)
	}
	for method, op := range map[string]*openapiOperation{
		"get": item.Get, "put": item.Put, "post": item.Post, "delete": item.Delete, "options": item.Options, "head": item.Head, "patch": item.Patch,
	} {
		if op != nil {
			converted[method] = swaggerOf(op)
		}
	}
	return converted
}

func swaggerOf(op *openapiOperation) *swaggerOperation {
	converted := &swaggerOperation{
		Description: op.Description, Consumes: []string{"*/*"}, Produces: mediaOf(op.Responses["200"].Content), Schemes: []string{"https"}, Tags: op.Tags, ID: op.ID,
		Parameters: swaggerParameters(op.Parameters), Responses: map[string]swaggerResponse{}, Action: op.Action, Kind: op.Kind,
	}
	if op.Body != nil {
		converted.Consumes = mediaOf(op.Body.Content)
		converted.Parameters = append(converted.Parameters, swaggerParameter{
			Name: "body", In: "body", Required: op.Body.Required, Schema: swaggerSchema(op.Body.Content),
		})
	}
	for code, response := range op.Responses {
		converted.Responses[code] = swaggerResponse{Description: response.Description, Schema: swaggerSchema(response.Content)}
	}
	return converted
}

func mediaOf(content map[string]openapiContent) []string { return slices.Sorted(maps.Keys(content)) }

func swaggerParameters(parameters []openapiParameter) []swaggerParameter {
	converted := make([]swaggerParameter, len(parameters))
	for i, p := range parameters {
		converted[i] = swaggerParameter{
			Name: p.Name, In: p.In, Description: p.Description, Required: p.Required, Type: p.Schema.Type, UniqueItems: p.Schema.UniqueItems,
		}
	}
	return converted
}

// swaggerSchema is the schema that all media types share.
func swaggerSchema(content map[string]openapiContent) *openapiRef {
	for _, c := range content {
		ref := c.Schema
		if name, ok := strings.CutPrefix(ref.Ref, schemaPrefix); ok {
			ref.Ref = "#/definitions/" + name
		}
		return &ref
	}
	return nil
}
