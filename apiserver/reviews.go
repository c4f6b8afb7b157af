package apiserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/apiserver/rbac"
)

// Reviews are questions about identity: whose token is this, who am I, may they do that? They are posted, answered and
// forgotten. Other servers (kubelets, aggregated API servers, webhooks) rely on them, so that there is one place that
// knows who may do what.

// answerReview makes a Create handler of a function that answers one kind of review.
func answerReview[T api.Object](answer func(ctx context.Context, s *Server, req *Request, review T) error) Handler {
	return func(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
		if err := req.readWriteOptions("CreateOptions"); err != nil {
			return nil, err
		}
		body, err := decodeBody(req, req.Resource.Kind)
		if err != nil {
			return nil, err
		}
		if err := req.checkNamespace(body.GetObjectMeta()); err != nil {
			return nil, err
		}
		ctx := req.HTTP.Context()
		if err := s.admission.Mutate(ctx, req, body, nil); err != nil {
			return nil, err
		}
		if validate := req.Resource.Kind.Validate; validate != nil {
			if errs := validate(body); len(errs) > 0 {
				// Upstream's internal objects have lost their kind at this point, and so has its message.
				return nil, api.NewInvalid(&api.Kind{GroupVersion: req.Resource.GroupVersion}, "", errs)
			}
		}
		if err := s.admission.Validate(ctx, req, body, nil); err != nil {
			return nil, err
		}
		if err := answer(ctx, s, req, body.(T)); err != nil {
			return nil, err
		}
		return answerObject(http.StatusCreated, body), nil
	}
}

func reviewSubjectAccess(_ context.Context, s *Server, _ *Request, review *api.SubjectAccessReview) error {
	review.Status = s.reviewAccess(review.Spec.User, review.Spec.Groups, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return nil
}

func reviewLocalSubjectAccess(_ context.Context, s *Server, _ *Request, review *api.LocalSubjectAccessReview) error {
	review.Status = s.reviewAccess(review.Spec.User, review.Spec.Groups, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return nil
}

func reviewSelfSubjectAccess(_ context.Context, s *Server, req *Request, review *api.SelfSubjectAccessReview) error {
	review.Status = s.reviewAccess(req.User.Name, req.User.Groups, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return nil
}

// reviewAccess asks the authorizer.
func (s *Server) reviewAccess(user string, groups []string, resource *api.ResourceAttributes, path *api.NonResourceAttributes) api.SubjectAccessReviewStatus {
	a := &access{Attributes: rbac.Attributes{User: user, Groups: groups}}
	if resource != nil {
		a.IsResource, a.Verb, a.Namespace, a.Name = true, resource.Verb, resource.Namespace, resource.Name
		a.Group, a.Resource, a.Subresource = resource.Group, resource.Resource, resource.Subresource
		a.fieldSelector = fieldSelectorText(resource.FieldSelector)
	} else {
		a.Verb, a.Path = path.Verb, path.Path
	}
	d := s.authz.decide(a)
	return api.SubjectAccessReviewStatus{Allowed: d.allowed, Reason: d.reason()}
}

// fieldSelectorText is the selector as in the query of a URL. A term that cannot be written so is left out: without it
// the question is about more, never about less.
func fieldSelectorText(s *api.FieldSelectorAttributes) string {
	if s == nil || len(s.Requirements) == 0 {
		if s == nil {
			return ""
		}
		return s.RawSelector
	}
	var terms []api.FieldRequirement
	for _, r := range s.Requirements {
		if len(r.Values) == 1 && (r.Operator == api.FieldSelectorOpIn || r.Operator == api.FieldSelectorOpNotIn) {
			terms = append(terms, api.FieldRequirement{Field: r.Key, NotEqual: r.Operator == api.FieldSelectorOpNotIn, Value: r.Values[0]})
		}
	}
	return api.FormatFieldSelector(terms)
}

func reviewSelfSubjectRules(_ context.Context, s *Server, req *Request, review *api.SelfSubjectRulesReview) error {
	if review.Spec.Namespace == "" {
		return api.NewBadRequest("no namespace on request")
	}
	status := api.SubjectRulesReviewStatus{ResourceRules: []api.ResourceRule{}, NonResourceRules: []api.NonResourceRule{}}
	var problems []string
	if _, ok := nodeName(req.User.Name, req.User.Groups); ok { // what it may do depends on its pods
		status.Incomplete, problems = true, append(problems, "node authorizer does not support user rule resolution")
	}
	rules, err := s.authz.policy.RulesFor(req.User.Name, req.User.Groups, review.Spec.Namespace)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			status.ResourceRules = append(status.ResourceRules, api.ResourceRule{Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames})
		}
		if len(rule.NonResourceURLs) > 0 {
			status.NonResourceRules = append(status.NonResourceRules, api.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
	}
	if status.EvaluationError = strings.Join(problems, ", "); len(problems) > 1 {
		status.EvaluationError = "[" + status.EvaluationError + "]"
	}
	review.ObjectMeta, review.Spec, review.Status = api.ObjectMeta{}, api.SelfSubjectRulesReviewSpec{}, status
	return nil
}

func reviewSelfSubject(_ context.Context, _ *Server, req *Request, review *api.SelfSubjectReview) error {
	review.ObjectMeta = api.ObjectMeta{CreationTimestamp: api.Now()}
	review.Status = api.SelfSubjectReviewStatus{UserInfo: userInfo(req.User)}
	return nil
}

func userInfo(u *User) api.UserInfo {
	info := api.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups, Extra: map[string]api.ExtraValue{}}
	for key, values := range u.Extra {
		info.Extra[key] = values
	}
	return info
}

func reviewToken(ctx context.Context, s *Server, _ *Request, review *api.TokenReview) error {
	if review.Spec.Token == "" {
		return api.NewBadRequest("token is required for TokenReview in authentication")
	}
	wanted := review.Spec.Audiences
	if len(wanted) == 0 {
		wanted = s.tokens.audiences
	}
	user, audiences, err := s.tokenUser(ctx, review.Spec.Token, wanted, time.Now())
	review.Status = api.TokenReviewStatus{}
	if err != nil {
		review.Status.Error = err.Error()
		return nil
	}
	review.Status = api.TokenReviewStatus{Authenticated: true, User: userInfo(user), Audiences: audiences}
	return nil
}

// tokenUser tells whose token it is, and which of the wanted audiences it is meant for.
func (s *Server) tokenUser(ctx context.Context, token string, wanted []string, now time.Time) (*User, []string, error) {
	user, ok := s.authn.tokens[token]
	if !ok {
		user, ok = s.bootstrapUser(ctx, token, now)
	}
	if ok { // of the token file, or of a machine that is to become a node: these are for this server alone
		ours := slices.DeleteFunc(slices.Clone(wanted), func(a string) bool { return !slices.Contains(s.tokens.audiences, a) })
		if len(ours) == 0 {
			return nil, nil, errInvalidToken
		}
		return user, ours, nil
	}
	claims, err := s.tokens.check(ctx, token, now)
	switch {
	case errors.Is(err, tokens.ErrNotOurs):
		return nil, nil, errInvalidToken
	case err != nil:
		return nil, nil, errors.New("[invalid bearer token, " + err.Error() + "]")
	}
	audiences := meantFor(claims, wanted)
	if len(audiences) == 0 {
		return nil, nil, errors.New("[invalid bearer token, token audiences [" + quoteAll(claims.Audience) + "] is invalid for the target audiences [" + quoteAll(wanted) + "]]")
	}
	return s.tokens.user(claims), audiences, nil
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = `"` + s + `"`
	}
	return strings.Join(quoted, " ")
}
