// The environment's network: private endpoints, and the subnets where flows run. Flows go out through one address.
param prefix string
param environment string
param location string
param tags object

@description('{network, endpoints, flows, apps}: the address ranges of the network and of its subnets.')
param addresses object

resource inbound 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {
  name: 'nsg-${prefix}-${environment}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'from-the-network-only'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2023-11-01' = {
  name: 'pip-${prefix}-${environment}-out'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
  }
}

resource nat 'Microsoft.Network/natGateways@2023-11-01' = {
  name: 'ng-${prefix}-${environment}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      { id: address.id }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2023-11-01' = {
  name: 'vnet-${prefix}-${environment}'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addresses.network]
    }
    subnets: [
      {
        name: 'endpoints'
        properties: {
          addressPrefix: addresses.endpoints
          defaultOutboundAccess: false
          networkSecurityGroup: { id: inbound.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
      {
        name: 'flows'
        properties: {
          addressPrefix: addresses.flows
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          networkSecurityGroup: { id: inbound.id }
          delegations: [
            {
              name: 'container-instances'
              properties: {
                serviceName: 'Microsoft.ContainerInstance/containerGroups'
              }
            }
          ]
        }
      }
      {
        name: 'apps'
        properties: {
          addressPrefix: addresses.apps
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          networkSecurityGroup: { id: inbound.id }
          delegations: [
            {
              name: 'container-apps'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
    ]
  }
}

output id string = network.id
output name string = network.name
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
output flowsSubnetId string = '${network.id}/subnets/flows'
output appsSubnetId string = '${network.id}/subnets/apps'
