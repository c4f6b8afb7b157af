package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kubelite/api"
)

// converterTimeout is how long a conversion webhook may take.
const converterTimeout = 30 * time.Second

// callConverter asks the webhook of a definition to turn objects into another version. It may change what it likes but for
// the objects' identity: of the metadata, only labels and annotations are taken from its answer.
func (s *Server) callConverter(ctx context.Context, crd *api.CustomResourceDefinition, objs []api.Object, apiVersion string) ([]api.Object, error) {
	fail := func(format string, args ...any) error {
		kind := objs[0].GetTypeMeta()
		return api.NewInternalError(fmt.Errorf("conversion webhook for %s, Kind=%s %s", kind.APIVersion, kind.Kind, fmt.Sprintf(format, args...)))
	}
	hook := crd.Spec.Conversion.Webhook
	i := slices.IndexFunc(hook.ConversionReviewVersions, func(v string) bool { return v == "v1" || v == "v1beta1" })
	if i < 0 {
		return nil, fail("failed: no supported conversion review versions")
	}
	version := "apiextensions.k8s.io/" + hook.ConversionReviewVersions[i]
	review := &api.ConversionReview{TypeMeta: api.TypeMeta{Kind: "ConversionReview", APIVersion: version}}
	review.Request = &api.ConversionRequest{UID: api.NewUID(), DesiredAPIVersion: apiVersion}
	for _, obj := range objs {
		data, err := api.MarshalJSON(obj)
		if err != nil {
			return nil, err
		}
		review.Request.Objects = append(review.Request.Objects, api.RawExtension{Raw: data})
	}
	body, err := api.MarshalJSON(review)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, converterTimeout)
	defer cancel()
	client := hook.ClientConfig
	answer, err := s.webhooks.call(ctx, webhookTarget{URL: api.Deref(client.URL, ""), Service: (*api.ServiceReference)(client.Service), CABundle: client.CABundle}, body)
	if err != nil {
		return nil, fail("failed: %v", err)
	}
	var answered api.ConversionReview
	if err := api.UnmarshalJSON(answer, &answered); err != nil {
		return nil, fail("failed: %v", err)
	}
	if err := checkConversion(&answered, review); err != nil {
		return nil, fail("failed: %v", err)
	}
	converted := answered.Response.ConvertedObjects
	if len(converted) != len(objs) {
		return nil, fail("returned %d objects, expected %d", len(converted), len(objs))
	}
	result := make([]api.Object, len(objs))
	for i, raw := range converted {
		obj := &api.Unstructured{}
		if err := api.UnmarshalJSON(raw.Raw, obj); err != nil {
			return nil, fail("returned invalid converted object at index %v: %v", i, err)
		}
		if err := acceptConverted(obj, objs[i], apiVersion); err != nil {
			return nil, fail("returned invalid converted object at index %v: %v", i, err)
		}
		result[i] = obj
	}
	return result, nil
}

// checkConversion tells whether the answer is one to the question.
func checkConversion(answer, question *api.ConversionReview) error {
	response := answer.Response
	switch {
	case answer.TypeMeta != question.TypeMeta && question.APIVersion == "apiextensions.k8s.io/v1":
		return fmt.Errorf("expected webhook response of %s, Kind=%s, got %s, Kind=%s", question.APIVersion, question.Kind, answer.APIVersion, answer.Kind)
	case response == nil:
		return errors.New("no response provided")
	case response.UID != question.Request.UID && question.APIVersion == "apiextensions.k8s.io/v1":
		return fmt.Errorf("expected response.uid=%q, got %q", question.Request.UID, response.UID)
	case response.Result.Status == api.StatusSuccess:
		return nil
	case response.Result.Message != "":
		return errors.New(response.Result.Message)
	}
	return fmt.Errorf("response.result.status was '%s', not 'Success'", response.Result.Status)
}

// acceptConverted checks that an object is still the same one, and keeps all of its metadata but labels and annotations.
func acceptConverted(obj *api.Unstructured, original api.Object, apiVersion string) error {
	was, meta := original.GetTypeMeta(), original.GetObjectMeta()
	switch {
	case obj.APIVersion != apiVersion:
		return fmt.Errorf("invalid groupVersion (expected %s, received %s)", apiVersion, obj.APIVersion)
	case obj.Kind != was.Kind:
		return fmt.Errorf("invalid kind (expected %s, received %s)", was.Kind, obj.Kind)
	case obj.Name != meta.Name:
		return fmt.Errorf("invalid metadata: metadata.name changed from %q to %q", meta.Name, obj.Name)
	case obj.Namespace != meta.Namespace:
		return fmt.Errorf("invalid metadata: metadata.namespace changed from %q to %q", meta.Namespace, obj.Namespace)
	case obj.UID != meta.UID:
		return fmt.Errorf("invalid metadata: metadata.uid changed from %q to %q", meta.UID, obj.UID)
	}
	labels, annotations := obj.Labels, obj.Annotations
	obj.ObjectMeta = api.DeepCopy(*meta)
	obj.Labels, obj.Annotations = labels, annotations
	return nil
}
