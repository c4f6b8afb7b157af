package apiserver

import (
	"strconv"

	"kubelite/api"
)

// readDeleteOptions reads how to delete: from the body if there is one, else from the query.
func readDeleteOptions(req *Request) (*api.DeleteOptions, error) {
	options := &api.DeleteOptions{}
	data, err := readBody(req.HTTP)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		if err = decodeDeleteOptions(req, data, options); err == nil {
			req.audit.sent(options)
		}
	} else {
		err = queryDeleteOptions(req, options)
	}
	if err != nil {
		return nil, err
	}
	if err := checkDeleteOptions(options); err != nil {
		return nil, err
	}
	req.DryRun = req.DryRun || len(options.DryRun) > 0
	if warning := req.Resource.Strategy.OrphanWarning; warning != "" && options.PropagationPolicy == nil && options.OrphanDependents == nil {
		req.Warn(warning)
	}
	return options, nil
}

// decodeDeleteOptions reads a body. Its apiVersion may be that of the object's group, or of meta.k8s.io.
func decodeDeleteOptions(req *Request, data []byte, options *api.DeleteOptions) error {
	media, err := contentType(req.HTTP)
	if err != nil {
		return err
	}
	if _, err := decodeInto(data, media, options, fieldValidationIgnore); err != nil {
		if kindErr := api.UnmarshalJSON(data, &api.TypeMeta{}); media == mediaJSON && kindErr != nil {
			return api.NewBadRequest("couldn't get version/kind; json parse error: %v", kindErr)
		}
		return api.NewBadRequest("%v", err)
	}
	if options.Kind != "" && options.Kind != "DeleteOptions" {
		return api.NewBadRequest("no kind %q is registered for version %q as DeleteOptions", options.Kind, options.APIVersion)
	}
	return nil
}

// queryDeleteOptions reads the query. Preconditions have no form there.
func queryDeleteOptions(req *Request, options *api.DeleteOptions) error {
	if req.HTTP.URL.RawQuery == "" {
		return nil
	}
	query := req.Query()
	if v := query.Get("gracePeriodSeconds"); v != "" {
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return api.NewBadRequest("%v", err)
		}
		options.GracePeriodSeconds = &seconds
	}
	if v := query.Get("propagationPolicy"); v != "" {
		options.PropagationPolicy = api.Ptr(api.DeletionPropagation(v))
	}
	if query.Has("orphanDependents") {
		options.OrphanDependents = api.Ptr(isTrue(query.Get("orphanDependents")))
	}
	options.DryRun = query["dryRun"]
	return nil
}

func checkDeleteOptions(options *api.DeleteOptions) error {
	var errs api.ErrorList
	if options.PropagationPolicy != nil {
		switch p := *options.PropagationPolicy; p {
		case api.DeletePropagationForeground, api.DeletePropagationBackground, api.DeletePropagationOrphan:
		default:
			errs = append(errs, api.Path("propagationPolicy").NotSupported(string(p), "Foreground", "Background", "Orphan", "nil"))
		}
		if options.OrphanDependents != nil {
			errs = append(errs, api.Path("propagationPolicy").Invalid(string(*options.PropagationPolicy), "orphanDependents and deletionPropagation cannot be both set"))
		}
	}
	errs = append(errs, checkDryRun(options.DryRun)...)
	return invalidOptions("DeleteOptions", errs)
}
