package kubectllite

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"

	"kubelite/api"
	"kubelite/client"
)

// errorText is what a person sees of an error: kubectl's words, because scripts look for them.
func errorText(err error) string {
	var plain plainError
	if errors.As(err, &plain) {
		return plain.Error()
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) && isJoin(err) {
		var lines []string
		for _, e := range joined.Unwrap() {
			lines = append(lines, errorText(e))
		}
		return strings.Join(lines, "\n")
	}
	var inContext *sourceError
	var status *api.StatusError
	var transport *url.Error
	switch {
	case errors.As(err, &status) && status.ErrStatus.Reason == api.StatusReasonInvalid && status.ErrStatus.Details != nil:
		return invalidText(&status.ErrStatus)
	case errors.As(err, &inContext) && errors.As(err, &status):
		return serverErrorText(&status.ErrStatus, fmt.Sprintf("error when %s %q: %s", inContext.doing, inContext.source, status.Error()))
	case errors.As(err, &status):
		return serverErrorText(&status.ErrStatus, err.Error())
	case errors.As(err, &transport) && errors.Is(err, syscall.ECONNREFUSED):
		host := transport.URL
		if u, parseErr := url.Parse(transport.URL); parseErr == nil {
			host = u.Host
		}
		return fmt.Sprintf("The connection to the server %s was refused - did you specify the right host or port?", host)
	case errors.As(err, &transport):
		return fmt.Sprintf("Unable to connect to the server: %v", transport.Err)
	}
	text := err.Error()
	if strings.HasPrefix(text, "error: ") {
		return text
	}
	return "error: " + text
}

func serverErrorText(status *api.Status, message string) string {
	switch {
	case status.Reason == api.StatusReasonUnauthorized:
		return fmt.Sprintf("error: You must be logged in to the server (%s)", status.Message)
	case status.Reason != "":
		return fmt.Sprintf("Error from server (%s): %s", status.Reason, message)
	}
	return "Error from server: " + message
}

// invalidText lists what validation found, one mistake a line where there are several.
func invalidText(status *api.Status) string {
	details := status.Details
	text := "The request is invalid"
	if details.Kind != "" || details.Name != "" {
		text = fmt.Sprintf("The %s %q is invalid", details.Kind, details.Name)
	} else if status.Message != "" && len(details.Causes) == 0 {
		text += ": " + status.Message
	}
	var causes []string
	seen := map[string]bool{}
	for _, cause := range details.Causes {
		line := cause.Field + ": " + cause.Message
		if !seen[line] {
			seen[line] = true
			causes = append(causes, line)
		}
	}
	switch len(causes) {
	case 0:
		return text
	case 1:
		return text + ": " + causes[0]
	}
	return text + ": \n* " + strings.Join(causes, "\n* ")
}

// sourceError says what was being done with which file when the server refused.
type sourceError struct {
	doing, source string
	err           error
}

func (e *sourceError) Error() string {
	return fmt.Sprintf("error when %s %q: %v", e.doing, e.source, e.err)
}
func (e *sourceError) Unwrap() error { return e.err }

func addSource(doing, source string, err error) error {
	if source == "" {
		return err
	}
	return &sourceError{doing, source, err}
}

// isJoin tells errors.Join's errors, which are printed one by one, from a wrapped one.
func isJoin(err error) bool {
	_, ok := err.(interface{ Unwrap() []error })
	return ok
}

// usageErrorf is a mistake in the command line; kubectl points to the help in the same words.
func usageErrorf(command, format string, args ...any) error {
	return fmt.Errorf("%s\nSee 'kubectl-lite %s -h' for help and examples", fmt.Sprintf(format, args...), command)
}

// printWarnings shows what the server wants a person to know about a request it granted.
func (s *session) printWarnings(resp *client.Response) {
	for _, header := range resp.Header.Values("Warning") {
		if _, quoted, ok := strings.Cut(header, `"`); ok {
			text := quoted[:max(strings.LastIndex(quoted, `"`), 0)]
			fmt.Fprintf(s.Err, "Warning: %s\n", strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text))
		}
	}
}
