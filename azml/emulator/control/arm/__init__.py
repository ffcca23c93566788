"""Azure Resource Manager: ids, the store of resources, asynchronous operations, errors and sign-in."""
