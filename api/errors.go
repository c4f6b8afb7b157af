package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// StatusError is an error that the API answers with: the Status object of the wire as a Go error. The server
// makes them, the client rebuilds them from the answer, so both sides ask the same questions (IsNotFound, ...).
type StatusError struct {
	ErrStatus Status
}

// Error is the Status's message.
func (e *StatusError) Error() string { return e.ErrStatus.Message }

// Reason returns the machine-readable reason of an API error, or "" when err is not one.
func Reason(err error) StatusReason {
	var s *StatusError
	if errors.As(err, &s) {
		return s.ErrStatus.Reason
	}
	return ""
}

// IsNotFound tells that the object, or its resource, does not exist.
func IsNotFound(err error) bool { return Reason(err) == StatusReasonNotFound }

// IsAlreadyExists tells that a create met an object of the same name.
func IsAlreadyExists(err error) bool { return Reason(err) == StatusReasonAlreadyExists }

// IsConflict tells that the object changed since it was read: read it again and retry.
func IsConflict(err error) bool { return Reason(err) == StatusReasonConflict }

// IsInvalid tells that validation refused the object.
func IsInvalid(err error) bool { return Reason(err) == StatusReasonInvalid }

// IsExpired tells that the revision asked for has been compacted: list again.
func IsExpired(err error) bool {
	r := Reason(err)
	return r == StatusReasonExpired || r == StatusReasonGone
}

// IsForbidden tells that the caller may not do this, or that admission refused it.
func IsForbidden(err error) bool { return Reason(err) == StatusReasonForbidden }

// IsTooManyRequests tells that the server asks for the request to be sent again later.
func IsTooManyRequests(err error) bool { return Reason(err) == StatusReasonTooManyRequests }

func newStatus(code int32, reason StatusReason, details *StatusDetails, format string, args ...any) *StatusError {
	return &StatusError{ErrStatus: Status{
		TypeMeta: TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   StatusFailure, Code: code, Reason: reason, Details: details, Message: fmt.Sprintf(format, args...),
	}}
}

// NewNotFound says that the named object of a resource ("pods", "deployments.apps") does not exist.
func NewNotFound(k *Kind, name string) *StatusError {
	return newStatus(http.StatusNotFound, StatusReasonNotFound, &StatusDetails{Group: k.Group, Kind: k.Plural, Name: name},
		"%s %q not found", k.Resource(), name)
}

// NewAlreadyExists says that the name is taken.
func NewAlreadyExists(k *Kind, name string) *StatusError {
	return newStatus(http.StatusConflict, StatusReasonAlreadyExists, &StatusDetails{Group: k.Group, Kind: k.Plural, Name: name},
		"%s %q already exists", k.Resource(), name)
}

// NewConflict says that the write lost against another one.
func NewConflict(k *Kind, name string, why error) *StatusError {
	return newStatus(http.StatusConflict, StatusReasonConflict, &StatusDetails{Group: k.Group, Kind: k.Plural, Name: name},
		"Operation cannot be fulfilled on %s %q: %v", k.Resource(), name, why)
}

// NewForbidden says that the caller may not do this to the named object, and why.
func NewForbidden(k *Kind, name string, why error) *StatusError {
	message := fmt.Sprintf("%s %q is forbidden: %v", k.Resource(), name, why)
	if name == "" {
		message = fmt.Sprintf("%s is forbidden: %v", k.Resource(), why)
	}
	return newStatus(http.StatusForbidden, StatusReasonForbidden, &StatusDetails{Group: k.Group, Kind: k.Plural, Name: name}, "%s", message)
}

// NewInvalid lists all mistakes of an object, one cause each.
func NewInvalid(k *Kind, name string, errs ErrorList) *StatusError {
	details := &StatusDetails{Group: k.Group, Kind: k.Kind, Name: name}
	for _, e := range errs {
		details.Causes = append(details.Causes, StatusCause{Type: CauseType(e.Type), Message: e.Detailed(), Field: e.Field})
	}
	resource := k.Kind
	if k.Group != "" {
		resource += "." + k.Group
	}
	return newStatus(http.StatusUnprocessableEntity, StatusReasonInvalid, details, "%s %q is invalid: %v", resource, name, errs.Aggregate())
}

// NewBadRequest says that the request itself makes no sense.
func NewBadRequest(format string, args ...any) *StatusError {
	return newStatus(http.StatusBadRequest, StatusReasonBadRequest, nil, format, args...)
}

// NewUnauthorized says that the server does not know who is asking.
func NewUnauthorized() *StatusError {
	return newStatus(http.StatusUnauthorized, StatusReasonUnauthorized, nil, "Unauthorized")
}

// NewMethodNotSupported says that the resource has no such verb.
func NewMethodNotSupported(k *Kind, verb string) *StatusError {
	return newStatus(http.StatusMethodNotAllowed, StatusReasonMethodNotAllowed, &StatusDetails{Group: k.Group, Kind: k.Plural},
		"%s is not supported on resources of kind %q", verb, k.Resource())
}

// NewExpired says that the revision or continue token is older than what is kept.
func NewExpired(format string, args ...any) *StatusError {
	return newStatus(http.StatusGone, StatusReasonExpired, nil, format, args...)
}

// NewTooLargeResourceVersion says that the revision asked for has not happened yet; the client should retry after
// the given number of seconds.
func NewTooLargeResourceVersion(asked, current int64, retrySeconds int32) *StatusError {
	return newStatus(http.StatusGatewayTimeout, StatusReasonTimeout, &StatusDetails{
		RetryAfterSeconds: retrySeconds,
		Causes:            []StatusCause{{Type: CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}},
	}, "Timeout: Too large resource version: %d, current: %d", asked, current)
}

// NewTimeout says that the time for a request was up.
func NewTimeout(format string, args ...any) *StatusError {
	return newStatus(http.StatusGatewayTimeout, StatusReasonTimeout, &StatusDetails{}, "Timeout: "+format, args...)
}

// NewTooManyRequests asks the client to come back after the given number of seconds.
func NewTooManyRequests(message string, retrySeconds int32) *StatusError {
	return newStatus(http.StatusTooManyRequests, StatusReasonTooManyRequests, &StatusDetails{RetryAfterSeconds: retrySeconds}, "%s", message)
}

// NewRequestEntityTooLarge refuses a body over the limit.
func NewRequestEntityTooLarge(limit int64) *StatusError {
	return newStatus(http.StatusRequestEntityTooLarge, StatusReasonRequestEntityTooLarge, nil,
		"Request entity too large: limit is %d", limit)
}

// NewUnsupportedMediaType names the body types that the server reads.
func NewUnsupportedMediaType(accepted []string) *StatusError {
	return newStatus(http.StatusUnsupportedMediaType, StatusReasonUnsupportedMediaType, nil,
		"the body of the request was in an unknown format - accepted media types include: %s", strings.Join(accepted, ", "))
}

// NewNotAcceptable names the answer types that the server writes.
func NewNotAcceptable(accepted []string) *StatusError {
	return newStatus(http.StatusNotAcceptable, StatusReasonNotAcceptable, nil,
		"only the following media types are accepted: %s", strings.Join(accepted, ", "))
}

// NewServiceUnavailable says that what the request needs is not there right now.
func NewServiceUnavailable(format string, args ...any) *StatusError {
	return newStatus(http.StatusServiceUnavailable, StatusReasonServiceUnavailable, nil, format, args...)
}

// NewInternalError wraps a failure of the server itself.
func NewInternalError(err error) *StatusError {
	return newStatus(http.StatusInternalServerError, StatusReasonInternalError,
		&StatusDetails{Causes: []StatusCause{{Message: err.Error()}}}, "Internal error occurred: %v", err)
}

// NewUnexplained is an error that upstream has no reason for, and answers with 500. Some of them are the client's mistakes.
func NewUnexplained(format string, args ...any) *StatusError {
	return newStatus(http.StatusInternalServerError, "", nil, format, args...)
}

// NewGenericNotFound answers a path that no resource lives at.
func NewGenericNotFound() *StatusError {
	return newStatus(http.StatusNotFound, StatusReasonNotFound, nil, "the server could not find the requested resource")
}

// The two values of Status.Status.
const (
	StatusSuccess = "Success"
	StatusFailure = "Failure"
)
