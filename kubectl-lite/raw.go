package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"kubelite/client"
)

// sendRaw is --raw of the commands that write: it sends the text of one file to a path and prints the answer as it is.
// A method that needs no body may come without a file.
func (s *session) sendRaw(ctx context.Context, method, path string, files fileFlags, output string) error {
	optional := method == "DELETE"
	switch {
	case len(files.names) != 1 && (!optional || len(files.names) > 1):
		return errors.New("--raw can only use a single local file or stdin")
	case len(files.names) == 1 && (strings.HasPrefix(files.names[0], "http://") || strings.HasPrefix(files.names[0], "https://")):
		return errors.New("--raw cannot read from a url")
	case files.recursive:
		return errors.New("--raw and --recursive are mutually exclusive")
	case output != "":
		return errors.New("--raw and --output are mutually exclusive")
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return fmt.Errorf("--raw must be a valid URL path: %s", err) // not wrapped: it is no failed request
	}
	var body []byte
	if len(files.names) == 1 {
		sources, err := s.readSources(ctx, files.names[0], false)
		if err != nil {
			return err
		}
		body = sources[0].text
	}
	resp, err := s.do(ctx, client.Request{Method: method, Path: u.Path, Query: u.Query(), Body: body, Accept: "*/*"})
	if err != nil {
		return err
	}
	_, err = s.Out.Write(resp.Body)
	return err
}
