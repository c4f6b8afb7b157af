package formats

import "testing"

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		format, value string
		want          bool
	}{
		{"date", "2024-02-29", true}, {"date", "2023-02-29", false},
		{"date-time", "2024-01-02T03:04:05Z", true}, {"datetime", "2024-01-02t03:04:05.123+01:00", true}, {"date-time", "2024-01-02", false}, {"date-time", "2024-01-02T25:00:00Z", false},
		{"duration", "1h30m", true}, {"duration", "2 days", true}, {"duration", "soon", false},
		{"email", "a@b.example", true}, {"email", "a", false},
		{"hostname", "example.com", true}, {"hostname", "exa_mple.com", false},
		{"ipv4", "10.0.0.1", true}, {"ipv4", "010.0.0.1", true}, {"ipv4", "::1", false}, {"ipv4", "10.0.0.256", false},
		{"ipv6", "::1", true}, {"ipv6", "10.0.0.1", false},
		{"cidr", "10.0.0.0/8", true}, {"cidr", "10.0.0.0", false},
		{"mac", "01:23:45:67:89:ab", true}, {"mac", "01:23", false},
		{"uuid", "123e4567-e89b-12d3-a456-426614174000", true}, {"uuid4", "123e4567-e89b-12d3-a456-426614174000", false}, {"uuid", "x", false},
		{"isbn", "978-3-16-148410-0", true}, {"isbn10", "3-16-148410-X", true}, {"isbn13", "978-3-16-148410-1", false},
		{"creditcard", "4111 1111 1111 1111", true}, {"creditcard", "4111 1111 1111 1112", false},
		{"ssn", "111-22-3333", true}, {"ssn", "1112-2-3333", false},
		{"hexcolor", "#fff", true}, {"hexcolor", "#ff", false}, {"rgbcolor", "rgb(1, 2,255)", true}, {"rgbcolor", "rgb(1,2,256)", false},
		{"byte", "aGk=", true}, {"byte", "aGk", false}, {"byte", "", false},
		{"uri", "https://example.com/x", true}, {"uri", "example", false},
		{"bsonobjectid", "507f1f77bcf86cd799439011", true}, {"bsonobjectid", "507f", false},
		{"k8s-short-name", "web-1", true}, {"k8s-short-name", "Web", false}, {"k8s-long-name", "a.b", true},
		{"password", "x", true}, {"nobody-knows", "x", true},
	} {
		if got := Valid(tt.format, tt.value); got != tt.want {
			t.Errorf("Valid(%q, %q) = %v", tt.format, tt.value, got)
		}
	}
	if Known("nobody-knows") || !Known("date-time") {
		t.Error("which formats are known is wrong")
	}
}
