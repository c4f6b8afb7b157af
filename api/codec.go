package api

import "encoding/json"

// MarshalJSON writes any API value as JSON.
func MarshalJSON(v any) ([]byte, error) { return json.Marshal(v) }
