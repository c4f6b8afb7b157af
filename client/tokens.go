package client

import (
	"context"
	"fmt"
	"net/http"

	"kubelite/api"
)

// CreateToken asks for a token of a service account.
func (c *Client) CreateToken(ctx context.Context, namespace, account string, request *api.TokenRequest) (*api.TokenRequest, error) {
	api.SetTypeMeta(request)
	body, err := api.MarshalJSON(request)
	if err != nil {
		return nil, err
	}
	path := api.KindOf[*api.ServiceAccount]().Path(namespace, account) + "/token"
	answer, err := c.Do(ctx, Request{Method: http.MethodPost, Path: path, Body: body})
	if err != nil {
		return nil, fmt.Errorf("create a token of service account %s/%s: %w", namespace, account, err)
	}
	created := &api.TokenRequest{}
	if err := api.UnmarshalJSON(answer.Body, created); err != nil {
		return nil, fmt.Errorf("create a token of service account %s/%s: %w", namespace, account, err)
	}
	return created, nil
}
