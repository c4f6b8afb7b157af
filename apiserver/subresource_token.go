package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
)

// A token is asked for by POST serviceaccounts/{name}/token: by a kubelet for a pod that it starts, or by a person with
// `kubectl create token`. Nothing is stored. A token that was issued cannot be called back, but it ends by itself, and
// with the object that it is bound to.
var tokenSubresource = &Subresource{
	Kind:   tokenRequestKind,
	Verbs:  []string{"create"},
	Handle: createToken,
}

var tokenRequestKind = api.KindOf[*api.TokenRequest]()

// A pod that asked for this lifetime asked for the usual one: it gets a year, because programs that read their token
// only once are still about, and is warned of. Upstream's numbers.
const (
	usualTokenSeconds    = 3607
	extendedTokenSeconds = 365 * 24 * 60 * 60
)

func createToken(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
	if err := req.readWriteOptions("CreateOptions"); err != nil {
		return nil, err
	}
	body, err := decodeBody(req, tokenRequestKind)
	if err != nil {
		return nil, err
	}
	ctx, request := req.HTTP.Context(), body.(*api.TokenRequest)
	invalid := func(field, value, detail string) error {
		return api.NewInvalid(tokenRequestKind, req.Name, api.ErrorList{api.Path("metadata").Child(field).Invalid(value, detail)})
	}
	if err := req.checkNamespace(&request.ObjectMeta); err != nil {
		return nil, err
	}
	if err := s.admission.Mutate(ctx, req, request, nil); err != nil {
		return nil, err
	}
	switch {
	case request.Name != "" && request.Name != req.Name:
		return nil, invalid("name", request.Name, "must match the service account name if specified")
	case request.Namespace != req.Namespace: // a webhook has changed it
		return nil, invalid("namespace", request.Namespace, "must match the service account namespace if specified")
	}
	account, err := read[*api.ServiceAccount](ctx, s, req.Namespace, req.Name)
	if err != nil {
		return nil, err
	}
	if request.UID != "" && request.UID != account.UID {
		kind := &api.Kind{GroupVersion: tokenRequestKind.GroupVersion, Plural: "TokenRequest"}
		return nil, api.NewConflict(kind, req.Name, fmt.Errorf("the UID in the token request (%s) does not match the UID of the service account (%s)", request.UID, account.UID))
	}
	if len(request.Spec.Audiences) == 0 {
		request.Spec.Audiences = s.tokens.audiences
	}
	now := time.Now()
	request.Name, request.Namespace, request.UID = account.Name, account.Namespace, account.UID
	request.CreationTimestamp, request.Status = api.Time{Time: now.Truncate(time.Second)}, api.TokenRequestStatus{}
	if errs := tokenRequestKind.Validate(request); len(errs) > 0 {
		return nil, api.NewInvalid(tokenRequestKind, "", errs)
	}
	if err := s.admission.Validate(ctx, req, request, nil); err != nil {
		return nil, err
	}
	if request.Status.Token, err = s.issueToken(ctx, req, account, request, now); err != nil {
		return nil, err
	}
	request.Status.ExpirationTimestamp = api.Time{Time: now.Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second).Truncate(time.Second)}
	return answerObject(http.StatusCreated, request), nil
}

// issueToken signs what was asked for.
func (s *Server) issueToken(ctx context.Context, req *Request, account *api.ServiceAccount, request *api.TokenRequest, now time.Time) (string, error) {
	spec := &request.Spec
	bound := tokens.Kubernetes{Namespace: account.Namespace, ServiceAccount: tokens.Ref{Name: account.Name, UID: string(account.UID)}}
	if spec.BoundObjectRef != nil {
		if err := s.bindToken(ctx, account, spec.BoundObjectRef, &bound); err != nil {
			return "", err
		}
	}
	seconds := *spec.ExpirationSeconds
	forUs := !slices.ContainsFunc(spec.Audiences, func(a string) bool { return !slices.Contains(s.tokens.audiences, a) })
	if bound.Pod != nil && seconds == usualTokenSeconds && forUs {
		bound.WarnAfter = tokens.At(now.Add(usualTokenSeconds * time.Second))
		seconds = extendedTokenSeconds
	}
	claims := tokens.New(api.ServiceAccountUser(account.Namespace, account.Name), string(api.NewUID()), spec.Audiences, now, time.Duration(seconds)*time.Second)
	claims.Kubernetes = bound
	req.audit.annotate("authentication.kubernetes.io/issued-credential-id", "JTI="+claims.ID)
	token, err := s.tokens.key.Sign(claims)
	if err != nil {
		return "", api.NewInternalError(fmt.Errorf("failed to generate token: %w", err))
	}
	return token, nil
}

// bindToken finds the object that the token shall live and die with.
func (s *Server) bindToken(ctx context.Context, account *api.ServiceAccount, ref *api.BoundObjectReference, bound *tokens.Kubernetes) error {
	gv, to := api.ParseGroupVersion(ref.APIVersion), tokens.Ref{Name: ref.Name}
	kind := gv.Group + "/" + ref.Kind
	switch kind {
	case "/Pod":
		pod, err := read[*api.Pod](ctx, s, account.Namespace, ref.Name)
		if err != nil {
			return err
		}
		if pod.Spec.ServiceAccountName != account.Name {
			return api.NewBadRequest("cannot bind token for serviceaccount %q to pod running with different serviceaccount name.", account.Name)
		}
		to.UID, bound.Pod = string(pod.UID), &to
		if pod.Spec.NodeName != "" {
			bound.Node = &tokens.Ref{Name: pod.Spec.NodeName}
			if node, err := read[*api.Node](ctx, s, "", pod.Spec.NodeName); err == nil {
				bound.Node.UID = string(node.UID)
			}
		}
	case "/Secret":
		secret, err := read[*api.Secret](ctx, s, account.Namespace, ref.Name)
		if err != nil {
			return err
		}
		to.UID, bound.Secret = string(secret.UID), &to
	case "/Node":
		node, err := read[*api.Node](ctx, s, "", ref.Name)
		if err != nil {
			return err
		}
		to.UID, bound.Node = string(node.UID), &to
	default:
		return api.NewBadRequest("cannot bind token to object of type %s/%s, Kind=%s", gv.Group, gv.Version, ref.Kind)
	}
	if ref.UID != "" && string(ref.UID) != to.UID {
		return api.NewConflict(&api.Kind{GroupVersion: gv, Plural: ref.Kind}, ref.Name,
			fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
	}
	return nil
}
