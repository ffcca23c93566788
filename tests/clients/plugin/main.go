// A client of Azure as the azure-native plugin is one: the cloud from its metadata host, a client secret, raw
// resource bodies, and pollers that follow what each answer says. Prints what it saw, a line of JSON each.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

type object = map[string]any

// metadata is what the plugin reads of /metadata/endpoints, API version 2022-09-01.
type metadata struct {
	Name           string
	Authentication struct {
		LoginEndpoint string
		Audiences     []string
	}
	ResourceManager          string
	MicrosoftGraphResourceId string
	Suffixes                 struct{ Storage, KeyVaultDNS string }
}

type client struct {
	host     string
	pipeline runtime.Pipeline
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	found, err := readMetadata(ctx, os.Getenv("ARM_METADATA_HOSTNAME"))
	if err != nil {
		return err
	}
	say("cloud", found)
	azure, err := signIn(found)
	if err != nil {
		return err
	}
	return journey(ctx, azure)
}

func readMetadata(ctx context.Context, host string) (metadata, error) {
	var found metadata
	if !strings.HasPrefix(host, "http") {
		host = "https://" + host
	}
	url := host + "/metadata/endpoints?api-version=2022-09-01"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return found, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return found, err
	}
	defer answer.Body.Close()
	return found, json.NewDecoder(answer.Body).Decode(&found)
}

func signIn(found metadata) (*client, error) {
	options := policy.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: found.Authentication.LoginEndpoint,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Audience: found.Authentication.Audiences[0], Endpoint: found.ResourceManager},
		},
	}}
	credential, err := azidentity.NewClientSecretCredential(
		os.Getenv("ARM_TENANT_ID"), os.Getenv("ARM_CLIENT_ID"), os.Getenv("ARM_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            options,
			DisableInstanceDiscovery: os.Getenv("ARM_DISABLE_INSTANCE_DISCOVERY") == "true",
		})
	if err != nil {
		return nil, err
	}
	// Registering resource providers is switched off in the plugin too.
	made, err := arm.NewClient("azml", "v1.0.0", credential,
		&arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true})
	if err != nil {
		return nil, err
	}
	return &client{made.Endpoint(), made.Pipeline()}, nil
}

func journey(ctx context.Context, azure *client) error {
	group := "/subscriptions/" + os.Getenv("ARM_SUBSCRIPTION_ID") + "/resourceGroups/rg-go"
	in := group + "/providers/"
	account := in + "Microsoft.Storage/storageAccounts/goaccount"
	vault := in + "Microsoft.KeyVault/vaults/govault"
	workspace := in + "Microsoft.MachineLearningServices/workspaces/go-ws"
	endpoint := workspace + "/onlineEndpoints/go-endpoint"
	placed := func(more object) object {
		more["location"] = "westeurope"
		return more
	}
	writes := []struct {
		id, version string
		body        object
	}{
		{group, "2024-03-01", placed(object{})},
		{account, "2024-01-01", placed(object{"kind": "StorageV2", "sku": object{"name": "Standard_LRS"}})},
		{vault, "2024-11-01", placed(object{"properties": object{
			"tenantId": os.Getenv("ARM_TENANT_ID"), "sku": object{"family": "A", "name": "standard"}}})},
		{workspace, "2025-12-01", placed(object{
			"identity":   object{"type": "SystemAssigned"},
			"properties": object{"storageAccount": account, "keyVault": vault}})},
		{endpoint, "2025-12-01", placed(object{"properties": object{"authMode": "Key"}})},
	}
	for _, write := range writes {
		// The plugin looks first: what is there already it does not create.
		if _, err := azure.call(ctx, http.MethodGet, write.id, write.version, nil); status(err) != http.StatusNotFound {
			return fmt.Errorf("%s: wanted 404, got %v", write.id, err)
		}
		made, err := azure.call(ctx, http.MethodPut, write.id, write.version, write.body)
		if err != nil {
			return err
		}
		say("made", made)
	}
	for _, id := range []string{account + "/listKeys", endpoint + "/listKeys"} {
		keys, err := azure.call(ctx, http.MethodPost, id, "2024-01-01", object{})
		if err != nil {
			return err
		}
		say("keys", len(keys))
	}
	_, err := azure.call(ctx, http.MethodPut, workspace+"/onlineEndpoints/1", "2025-12-01", placed(object{"properties": object{"authMode": "Key"}}))
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		return fmt.Errorf("a wrong name was taken: %v", err)
	}
	say("refused", object{"status": refused.StatusCode, "code": refused.ErrorCode})
	for _, id := range []string{endpoint, group} {
		if _, err := azure.call(ctx, http.MethodDelete, id, "2025-12-01", nil); err != nil {
			return err
		}
		_, err := azure.call(ctx, http.MethodGet, id, "2025-12-01", nil)
		say("gone", status(err))
	}
	return nil
}

// call sends one request and follows it to its end, as long as that takes.
func (azure *client) call(ctx context.Context, method, id, version string, body object) (object, error) {
	request, err := runtime.NewRequest(ctx, method, azure.host+id)
	if err != nil {
		return nil, err
	}
	request.Raw().URL.RawQuery = "api-version=" + version
	if body != nil {
		if err := runtime.MarshalAsJSON(request, body); err != nil {
			return nil, err
		}
	}
	answer, err := azure.pipeline.Do(request)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(answer, 200, 201, 202, 204) {
		return nil, runtime.NewResponseError(answer)
	}
	if method == http.MethodPut || method == http.MethodDelete {
		poller, err := runtime.NewPoller[object](answer, azure.pipeline, nil)
		if err != nil {
			return nil, err
		}
		return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 10 * time.Second})
	}
	var told object
	return told, runtime.UnmarshalAsJSON(answer, &told)
}

func status(err error) int {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	return 0
}

func say(what string, told any) {
	line, err := json.Marshal(object{what: told})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
