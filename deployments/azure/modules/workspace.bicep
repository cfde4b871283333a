// The workspace, its managed network, and its cluster. Data are reached by identity; the network goes out by rule only.
param name string
param location string
param tags object
param storageId string
param vaultId string
param imagesId string
param insightsId string
param workspaceIdentityId string
param registryId string
param logsId string

@description('Hosts that a build of images may reach. FQDN rules bring an Azure Firewall, which costs by the hour.')
param packageHosts array

@description('[{identity, principalId, role, why}], each on this workspace.')
param grants array
param roles object

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  //checkov:skip=CKV_AZURE_243:its private endpoint is a resource of its own, made by main.bicep
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${workspaceIdentityId}': {}
    }
  }
  properties: {
    friendlyName: name
    storageAccount: storageId
    keyVault: vaultId
    containerRegistry: imagesId
    applicationInsights: insightsId
    primaryUserAssignedIdentity: workspaceIdentityId
    // The container registry has no public side: images are built on the cluster.
    imageBuildCompute: 'cpu'
    publicNetworkAccess: 'Disabled'
    // The storage account has no keys.
    systemDatastoresAuthMode: 'identity'
    v1LegacyMode: false
    managedNetwork: {
      isolationMode: 'AllowOnlyApprovedOutbound'
    }
    serverlessComputeSettings: {
      serverlessComputeNoPublicIP: true
    }
  }
}

resource toRegistry 'Microsoft.MachineLearningServices/workspaces/outboundRules@2024-10-01' = {
  parent: workspace
  name: 'registry'
  properties: {
    type: 'PrivateEndpoint'
    category: 'UserDefined'
    destination: {
      serviceResourceId: registryId
      subresourceTarget: 'amlregistry'
      sparkEnabled: false
    }
  }
}

// The service takes one rule at a time.
@batchSize(1)
resource toPackages 'Microsoft.MachineLearningServices/workspaces/outboundRules@2024-10-01' = [for (host, i) in packageHosts: {
  parent: workspace
  name: 'packages-${i}'
  properties: {
    type: 'FQDN'
    category: 'UserDefined'
    destination: host
  }
  dependsOn: [
    toRegistry
  ]
}]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: workspace
  properties: {
    workspaceId: logsId
    logs: [
      { categoryGroup: 'allLogs', enabled: true }
    ]
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(workspace.id, grant.identity, grant.role)
  scope: workspace
  properties: {
    principalId: grant.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    description: grant.why
  }
}]

output id string = workspace.id
output name string = workspace.name
