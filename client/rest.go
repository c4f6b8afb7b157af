package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kubelite/api"
)

// Media types of bodies and answers.
const (
	JSON  = "application/json"
	YAML  = "application/yaml"
	Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	// PartialObjectMetadata asks for the metadata alone: what the garbage collector reads of every kind.
	PartialObjectMetadata     = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
	PartialObjectMetadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
)

// Request is one HTTP request to the API, for callers that the typed Resource does not fit.
type Request struct {
	Method string // "" is GET
	Path   string // "/api/v1/nodes"
	Query  url.Values
	Body   []byte
	// ContentType is the body's, "" is JSON. Accept is what the answer should be, "" is JSON.
	ContentType, Accept string
	Header              http.Header
}

// Response is the server's answer to a Request. It was a success: anything else is an error.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// Do sends a request and reads the whole answer. A status of 400 and above is returned as the *api.StatusError that
// the server answered with. Writes carry the causes and the rule that ctx holds.
//
// A request that the server has not begun to process is sent again: after 429 or 503 with Retry-After, and, where
// repeating can do no harm, after a refused or broken connection.
func (c *Client) Do(ctx context.Context, req Request) (*Response, error) {
	resp, err := c.send(ctx, req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	if err != nil {
		return nil, fmt.Errorf("%s %s: reading the answer: %w", req.method(), req.Path, err)
	}
	return &Response{StatusCode: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// Stream sends a request whose answer is read as it arrives: a watch, logs. The caller closes it.
func (c *Client) Stream(ctx context.Context, req Request) (io.ReadCloser, error) {
	resp, err := c.send(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

const maxAttempts = 6

// send is Do up to the answer's headers: it retries, and turns failures into errors.
func (c *Client) send(ctx context.Context, req Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		resp, err := c.attempt(ctx, req)
		var wait time.Duration
		switch {
		case err != nil:
			if !c.worthAnotherTry(req, err) || attempt == maxAttempts {
				return nil, err
			}
			wait = 25 * time.Millisecond << attempt
			wait += rand.N(wait) // so that those who were refused together do not come back together
		case resp.StatusCode < http.StatusBadRequest:
			return resp, nil
		default:
			err = statusError(req, resp)
			resp.Body.Close()
			after, asked := retryAfter(resp)
			if !asked || attempt == maxAttempts {
				return nil, err
			}
			wait = after
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (c *Client) attempt(ctx context.Context, req Request) (*http.Response, error) {
	u := *c.base
	u.Path += req.Path
	u.RawQuery = req.Query.Encode()
	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	r, err := http.NewRequestWithContext(ctx, req.method(), u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range req.Header {
		r.Header[name] = values
	}
	if req.Body != nil {
		r.Header.Set("Content-Type", otherwise(req.ContentType, JSON))
	}
	r.Header.Set("Accept", otherwise(req.Accept, JSON))
	c.identify(r.Header)
	if !readOnly(r.Method) {
		setCauseHeaders(ctx, r.Header)
	}
	if req.Query.Has("watch") {
		return c.watches.Do(r)
	}
	return c.http.Do(r)
}

func (r *Request) method() string { return otherwise(r.Method, http.MethodGet) }

func readOnly(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func otherwise(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// worthAnotherTry is for requests that got no answer. A refused connection did nothing, but only what is idempotent
// is repeated, because a reset one may have done its work: a POST could create twice, a PATCH append twice.
func (c *Client) worthAnotherTry(req Request, err error) bool {
	if c.failFast {
		return false
	}
	switch req.method() {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
	default:
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

// retryAfter tells whether the server turned the request away for now, and for how long.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < http.StatusInternalServerError {
		return 0, false
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// readBody reads an answer with a single allocation where the server told its length.
func readBody(resp *http.Response) ([]byte, error) {
	if resp.ContentLength < 0 || resp.ContentLength > 1<<30 {
		return io.ReadAll(resp.Body)
	}
	body := make([]byte, resp.ContentLength)
	_, err := io.ReadFull(resp.Body, body)
	return body, err
}

// statusError rebuilds the error that the server answered with. Whatever is not a Status (a proxy's HTML page) still
// becomes one, with the reason that fits the code, so that callers need to know one kind of error only.
func statusError(req Request, resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s %s: HTTP %d: reading the answer: %w", req.method(), req.Path, resp.StatusCode, err)
	}
	var status api.Status
	if err := api.UnmarshalJSON(body, &status); err == nil && status.Kind == "Status" && status.Status == api.StatusFailure {
		if status.Code == 0 {
			status.Code = int32(resp.StatusCode)
		}
		return &api.StatusError{ErrStatus: status}
	}
	message := strings.TrimSpace(string(body))
	switch {
	case resp.StatusCode == http.StatusNotFound: // a page that is not there, and no object
		message = "the server could not find the requested resource"
	case message == "":
		message = http.StatusText(resp.StatusCode)
	}
	return &api.StatusError{ErrStatus: api.Status{
		TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   api.StatusFailure,
		Code:     int32(resp.StatusCode),
		Reason:   reasonOf(resp.StatusCode),
		Message:  message,
	}}
}

func reasonOf(code int) api.StatusReason {
	switch code {
	case http.StatusBadRequest:
		return api.StatusReasonBadRequest
	case http.StatusUnauthorized:
		return api.StatusReasonUnauthorized
	case http.StatusForbidden:
		return api.StatusReasonForbidden
	case http.StatusNotFound:
		return api.StatusReasonNotFound
	case http.StatusMethodNotAllowed:
		return api.StatusReasonMethodNotAllowed
	case http.StatusNotAcceptable:
		return api.StatusReasonNotAcceptable
	case http.StatusConflict:
		return api.StatusReasonConflict
	case http.StatusGone:
		return api.StatusReasonGone
	case http.StatusUnsupportedMediaType:
		return api.StatusReasonUnsupportedMediaType
	case http.StatusUnprocessableEntity:
		return api.StatusReasonInvalid
	case http.StatusTooManyRequests:
		return api.StatusReasonTooManyRequests
	case http.StatusServiceUnavailable:
		return api.StatusReasonServiceUnavailable
	case http.StatusGatewayTimeout:
		return api.StatusReasonTimeout
	}
	return api.StatusReasonInternalError
}
