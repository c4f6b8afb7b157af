package lab

import (
	"context"

	"kubelite/api"
	"kubelite/cel"
	"kubelite/client"
)

// authorizer lets checks ask who may do what, as the API server would decide it:
//
//	authorizer.serviceAccount(namespace, 'reader').group('').resource('pods').namespace(ns).check('list').allowed()
type authorizer struct {
	client *client.Client
	user   string
	groups []string
}

// ForServiceAccount is the Authorizer for an account.
func (a *authorizer) ForServiceAccount(namespace, name string) cel.Authorizer {
	return &authorizer{
		client: a.client, user: api.ServiceAccountUser(namespace, name),
		groups: append(api.ServiceAccountGroups(namespace), "system:authenticated"),
	}
}

// Authorize asks the API server.
func (a *authorizer) Authorize(ctx context.Context, ask cel.Access) (allowed bool, reason string, err error) {
	review, err := client.Of[*api.SubjectAccessReview](a.client).Create(ctx, &api.SubjectAccessReview{Spec: api.SubjectAccessReviewSpec{
		User: a.user, Groups: a.groups,
		ResourceAttributes: &api.ResourceAttributes{
			Verb: ask.Verb, Group: ask.Group, Resource: ask.Resource, Subresource: ask.Subresource, Namespace: ask.Namespace, Name: ask.Name,
		},
	}})
	if err != nil {
		return false, "", err
	}
	return review.Status.Allowed, review.Status.Reason, nil
}
