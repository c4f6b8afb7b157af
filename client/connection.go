package client

import (
	"crypto/tls"
	"net/http"
	"net/url"

	"kubelite/api"
)

// Connection is what somebody needs who opens a connection of their own to the server, to speak another protocol on it.
type Connection struct {
	URL    *url.URL
	Header http.Header // who asks
	TLS    *tls.Config
}

// Connection leads to a path as the same user, in the same way, as all other requests.
func (c *Client) Connection(path string, query url.Values) *Connection {
	u := *c.base
	u.Path += path
	u.RawQuery = query.Encode()
	conn := &Connection{URL: &u, Header: http.Header{}, TLS: c.tls.Clone()}
	c.identify(conn.Header)
	return conn
}

// identify says in a request's headers who asks.
func (c *Client) identify(h http.Header) {
	if c.as != "" {
		h.Set(api.ImpersonateUserHeader, c.as)
	}
	for _, group := range c.asGroups {
		h.Add(api.ImpersonateGroupHeader, group)
	}
	if c.agent != "" {
		h.Set("User-Agent", c.agent)
	}
	if token := c.bearer(); token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
}
