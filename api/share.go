package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Share is a part of many things, "1/3": of each three, one. Which one is no accident: the third.
type Share struct {
	Part, Of int64
}

// ParseShare reads "1/3". "1" is all of them, and so is "1/1".
func ParseShare(text string) (s Share, err error) {
	part, of, found := strings.Cut(text, "/")
	if !found {
		of = "1"
	}
	s.Part, err = strconv.ParseInt(part, 10, 32)
	if err == nil {
		s.Of, err = strconv.ParseInt(of, 10, 32)
	}
	if err != nil || s.Part < 1 || s.Of < s.Part {
		return Share{}, fmt.Errorf("%q is not a share such as 1/3, one of each three", text)
	}
	return s, nil
}

// Takes tells whether the nth thing, of those counted from 1, belongs to the share.
func (s Share) Takes(n int64) bool { return s.Of > 0 && n*s.Part/s.Of > (n-1)*s.Part/s.Of }

func (s Share) String() string { return fmt.Sprintf("%d/%d", s.Part, s.Of) }

// MarshalJSON writes "1/3".
func (s Share) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads what ParseShare does.
func (s *Share) UnmarshalJSON(b []byte) error {
	var text string
	err := json.Unmarshal(b, &text)
	if err == nil {
		*s, err = ParseShare(text)
	}
	return err
}
