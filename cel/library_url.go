package cel

import (
	"net/url"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

var urlKind = &opaqueKind[*url.URL]{
	celType: cel.ObjectType("kubernetes.URL"),
	equal:   func(a, b *url.URL) bool { return a.String() == b.String() },
}

// URLs: url, isURL, and getters.
func urlFunctions() functions {
	return functions{
		"url":            {function("string_to_url", urlKind.celType, unary(parseURL), cel.StringType)},
		"isURL":          {function("is_url_string", cel.BoolType, unary(isURL), cel.StringType)},
		"getScheme":      {urlPart("url_get_scheme", func(u *url.URL) string { return u.Scheme })},
		"getHost":        {urlPart("url_get_host", func(u *url.URL) string { return u.Host })},
		"getHostname":    {urlPart("url_get_hostname", (*url.URL).Hostname)},
		"getPort":        {urlPart("url_get_port", (*url.URL).Port)},
		"getEscapedPath": {urlPart("url_get_escaped_path", (*url.URL).EscapedPath)},
		"getQuery": {method("url_get_query", cel.MapType(cel.StringType, cel.ListType(cel.StringType)), unary(func(u *url.URL) ref.Val {
			return types.DefaultTypeAdapter.NativeToValue(map[string][]string(u.Query()))
		}), urlKind.celType)},
	}
}

func urlPart(id string, part func(*url.URL) string) cel.FunctionOpt {
	return method(id, cel.StringType, unary(func(u *url.URL) ref.Val { return types.String(part(u)) }), urlKind.celType)
}

func isURL(s string) ref.Val {
	_, err := url.ParseRequestURI(s)
	return types.Bool(err == nil)
}

// parseURL takes absolute URLs and paths alone, as the format "uri" does, and understands a fragment, which
// ParseRequestURI takes for part of the path.
func parseURL(s string) ref.Val {
	if _, err := url.ParseRequestURI(s); err != nil {
		return types.NewErr("URL parse error during conversion from string: %v", err)
	}
	u, err := url.Parse(s)
	if err != nil {
		return types.NewErr("URL parse error during conversion from string: %v", err)
	}
	return urlKind.of(u)
}
