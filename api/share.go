package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Share is a part of many things, "1/3": one of each three. Which one differs from three to three, or it would always be the same
// step of a loop that has three; but it is the same ones in every run.
type Share struct {
	Part, Of int64
}

// maxShare bounds what a share is of.
const maxShare = 1000

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
	if err != nil || s.Part < 1 || s.Of < s.Part || s.Of > maxShare {
		return Share{}, fmt.Errorf("%q is not a share such as 1/3, one of each three", text)
	}
	return s, nil
}

// Takes tells whether the nth thing, of those counted from 1, belongs to the share.
func (s Share) Takes(n int64) bool {
	if s.Of == 0 {
		return false
	}
	row, place := (n-1)/s.Of, (n-1)%s.Of
	order := rand.New(rand.NewPCG(uint64(row), uint64(s.Of))).Perm(int(s.Of))
	return int64(order[place]) < s.Part
}

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
