package api

import (
	"fmt"
	"strings"
)

func validateAPIService(obj Object) ErrorList {
	var errs ErrorList
	service := obj.(*APIService)
	spec, path := &service.Spec, Path("spec")
	if want := spec.Version + "." + spec.Group; service.Name != "" && service.Name != want && IsPathSegmentName(service.Name) == nil {
		errs.add(Path("metadata").Child("name").Invalid(service.Name, fmt.Sprintf("must be `spec.version+\".\"+spec.group`: %q", want)))
	}
	if spec.Group == "" {
		if spec.Version != "v1" {
			errs.add(path.Child("group").Required("only v1 may have an empty group and it better be legacy kube"))
		}
	} else {
		errs.format(path, "group", spec.Group, IsDNS1123Subdomain)
	}
	errs.format(path, "version", spec.Version, IsDNS1035Label)
	if p := spec.GroupPriorityMinimum; p <= 0 || p > 20000 {
		errs.add(path.Child("groupPriorityMinimum").Invalid(p, "must be positive and less than 20000"))
	}
	if p := spec.VersionPriority; p <= 0 || p > 1000 {
		errs.add(path.Child("versionPriority").Invalid(p, "must be positive and less than 1000"))
	}
	if spec.Service == nil {
		if len(spec.CABundle) > 0 {
			errs.add(path.Child("caBundle").Invalid(fmt.Sprintf("%d bytes", len(spec.CABundle)), "local APIServices may not have a caBundle"))
		}
		if spec.InsecureSkipTLSVerify {
			errs.add(path.Child("insecureSkipTLSVerify").Invalid(true, "local APIServices may not have insecureSkipTLSVerify"))
		}
		return errs
	}
	at := path.Child("service")
	errs.required(at, "namespace", spec.Service.Namespace)
	errs.required(at, "name", spec.Service.Name)
	port := Deref(spec.Service.Port, 0)
	if messages := IsValidPortNum(port); messages != nil {
		errs.add(at.Child("port").Invalid(port, "port is not valid: "+strings.Join(messages, ", ")))
	}
	if spec.InsecureSkipTLSVerify && len(spec.CABundle) > 0 {
		errs.add(path.Child("insecureSkipTLSVerify").Invalid(true, "may not be true if caBundle is present"))
	}
	return errs
}

func validateAPIServiceStatus(obj, _ Object) ErrorList {
	var errs ErrorList
	for i, c := range obj.(*APIService).Status.Conditions {
		oneOf(&errs, Path("status").Child("conditions").Index(i), "status", c.Status, ConditionTrue, ConditionFalse, ConditionUnknown)
	}
	return errs
}
